"""Provinces and major cities of China with their pinyin, so that 深圳 and Shenzhen become one place key.

A small dictionary on purpose: a place that is missing stays part of the name, which costs recall; a word that is
wrongly taken for a place would make two companies look the same, which costs precision.
"""

from pipelines.keys.latin import city_letters

PROVINCES = {
    "北京": "beijing", "天津": "tianjin", "上海": "shanghai", "重庆": "chongqing", "河北": "hebei", "山西": "shanxi",
    "辽宁": "liaoning", "吉林": "jilin", "黑龙江": "heilongjiang", "江苏": "jiangsu", "浙江": "zhejiang",
    "安徽": "anhui", "福建": "fujian", "江西": "jiangxi", "山东": "shandong", "河南": "henan", "湖北": "hubei",
    "湖南": "hunan", "广东": "guangdong", "海南": "hainan", "四川": "sichuan", "贵州": "guizhou", "云南": "yunnan",
    "陕西": "shaanxi", "甘肃": "gansu", "青海": "qinghai", "台湾": "taiwan", "内蒙古": "neimenggu", "广西": "guangxi",
    "西藏": "xizang", "宁夏": "ningxia", "新疆": "xinjiang", "香港": "hongkong", "澳门": "macau",
}  # fmt: skip
CITIES_BY_PROVINCE = {
    "hebei": "石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水",
    "shanxi": "太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁",
    "neimenggu": "呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔 乌兰察布",
    "liaoning": "沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛",
    "jilin": "长春 四平 辽源 通化 白山 松原 白城 延边",
    "heilongjiang": "哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 伊春 佳木斯 牡丹江 绥化",
    "jiangsu": "南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁 昆山 江阴 张家港 常熟 太仓 宜兴",
    "zhejiang": "杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水 义乌 慈溪 余姚 诸暨 海宁 桐乡 永康",
    "anhui": "合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城",
    "fujian": "福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德 晋江",
    "jiangxi": "南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶",
    "shandong": "济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽",
    "henan": "郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店",
    "hubei": "武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州 恩施",
    "hunan": "长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底 湘西",
    "guangdong": "广州 深圳 珠海 汕头 佛山 韶关 河源 梅州 惠州 汕尾 东莞 "
    "中山 江门 阳江 湛江 茂名 肇庆 清远 潮州 揭阳 云浮",
    "guangxi": "南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左",
    "hainan": "海口 三亚 三沙 儋州",
    "sichuan": "成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳",
    "guizhou": "贵阳 六盘水 遵义 安顺 毕节 铜仁",
    "yunnan": "昆明 曲靖 玉溪 保山 昭通 丽江 普洱 临沧 大理",
    "xizang": "拉萨 日喀则 昌都 林芝",
    "shaanxi": "西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛",
    "gansu": "兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳 定西 陇南",
    "qinghai": "西宁 海东",
    "ningxia": "银川 石嘴山 吴忠 固原 中卫",
    "xinjiang": "乌鲁木齐 克拉玛依 吐鲁番 哈密 石河子 伊犁 喀什",
    "taiwan": "台北 高雄 台中 台南 新竹 桃园",
}
# Towns that Pinyin libraries transliterate wrongly.
READINGS = {"重庆": "chongqing", "厦门": "xiamen", "长沙": "changsha", "长春": "changchun", "长治": "changzhi"}


def _cities() -> dict[str, tuple[str, str]]:
    from pypinyin import lazy_pinyin

    return {
        city: (READINGS.get(city) or "".join(lazy_pinyin(city)), province)
        for province, cities in CITIES_BY_PROVINCE.items()
        for city in cities.split()
    }


CITIES: dict[str, tuple[str, str]] = _cities()
"""City -> (its key, the key of its province)."""

PLACE_KEYS: dict[str, str] = {**PROVINCES, **{city: key for city, (key, _) in CITIES.items()}, "中国": "china"}
PROVINCE_OF: dict[str, str] = {
    **{key: key for key in PROVINCES.values()},
    **dict(CITIES.values()),
}
# Province key -> ISO 3166-1 code where it has one of its own.
COUNTRY_OF = {"hongkong": "HK", "macau": "MO", "taiwan": "TW"}
LATIN_PLACES: frozenset[str] = frozenset(PLACE_KEYS.values()) - {"anshan", "heshan"}


def place_key(text: str) -> str:
    """The key of a city or province name: 深圳市, 深圳 and Shenzhen give `shenzhen`; others their plain letters."""
    word = text.strip().casefold()
    for ending in (
        "特别行政区",
        "壮族自治区",
        "回族自治区",
        "维吾尔自治区",
        "自治区",
        "省",
        "市",
        " city",
        " province",
    ):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            word = word[: -len(ending)]
            break
    plain = "".join(c for c in word if c.isalnum())
    return PLACE_KEYS.get(word) or (plain if plain in PROVINCE_OF else city_letters(plain))
