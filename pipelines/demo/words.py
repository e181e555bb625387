"""The vocabulary of the sample company: places, syllables, products, people. All of it is invented or geography."""

from typing import NamedTuple


class City(NamedTuple):
    """A city: name in both scripts, province, sales region, telephone area, administrative code, postal prefix."""

    native: str
    english: str
    province: str
    region: str
    area: str
    code: str
    postal: str


CHINESE_CITIES = (
    City("上海", "Shanghai", "上海", "East China", "21", "310115", "2001"),
    City("苏州", "Suzhou", "江苏", "East China", "512", "320505", "2150"),
    City("杭州", "Hangzhou", "浙江", "East China", "571", "330106", "3100"),
    City("南京", "Nanjing", "江苏", "East China", "25", "320105", "2100"),
    City("宁波", "Ningbo", "浙江", "East China", "574", "330212", "3150"),
    City("深圳", "Shenzhen", "广东", "South China", "755", "440305", "5180"),
    City("广州", "Guangzhou", "广东", "South China", "20", "440106", "5100"),
    City("东莞", "Dongguan", "广东", "South China", "769", "441900", "5230"),
    City("厦门", "Xiamen", "福建", "South China", "592", "350203", "3610"),
    City("北京", "Beijing", "北京", "North China", "10", "110108", "1000"),
    City("天津", "Tianjin", "天津", "North China", "22", "120104", "3000"),
    City("青岛", "Qingdao", "山东", "North China", "532", "370212", "2660"),
    City("大连", "Dalian", "辽宁", "North China", "411", "210204", "1160"),
    City("成都", "Chengdu", "四川", "West China", "28", "510107", "6100"),
    City("重庆", "Chongqing", "重庆", "West China", "23", "500103", "4000"),
    City("西安", "Xi'an", "陕西", "West China", "29", "610113", "7100"),
    City("武汉", "Wuhan", "湖北", "West China", "27", "420106", "4300"),
)
OVERSEAS_CITIES = (
    City("München", "Munich", "Bayern", "Europe", "89", "DE", "803"),
    City("Stuttgart", "Stuttgart", "Baden-Württemberg", "Europe", "711", "DE", "701"),
    City("Hamburg", "Hamburg", "Hamburg", "Europe", "40", "DE", "203"),
    City("Köln", "Cologne", "Nordrhein-Westfalen", "Europe", "221", "DE", "506"),
    City("Chicago", "Chicago", "Illinois", "Americas", "312", "US", "606"),
    City("Austin", "Austin", "Texas", "Americas", "512", "US", "787"),
    City("Seattle", "Seattle", "Washington", "Americas", "206", "US", "981"),
    City("Boston", "Boston", "Massachusetts", "Americas", "617", "US", "021"),
    City("Sydney", "Sydney", "New South Wales", "Asia Pacific", "2", "AU", "20"),
    City("Melbourne", "Melbourne", "Victoria", "Asia Pacific", "3", "AU", "30"),
)
CITIES = CHINESE_CITIES + OVERSEAS_CITIES
COUNTRY = {"DE": "Germany", "US": "United States", "AU": "Australia"}
REGIONS = ("East China", "South China", "North China", "West China", "Europe", "Americas", "Asia Pacific")
CHINESE_REGION = dict(zip(REGIONS, ("华东", "华南", "华北", "西部", "欧洲", "美洲", "亚太"), strict=True))

# brand characters with their pinyin and traditional form: a brand is two or three of them
_BRAND = """
    华/hua/華 瑞/rui/瑞 恒/heng/恆 信/xin/信 安/an/安 宏/hong/宏 远/yuan/遠 达/da/達
    金/jin/金 泰/tai/泰 盛/sheng/盛 丰/feng/豐 博/bo/博 创/chuang/創 新/xin/新 鼎/ding/鼎
    龙/long/龍 凯/kai/凱 科/ke/科 联/lian/聯 美/mei/美 明/ming/明 诺/nuo/諾 普/pu/普
    启/qi/啟 晟/sheng/晟 锐/rui/銳 润/run/潤 思/si/思 拓/tuo/拓 天/tian/天 伟/wei/偉
    希/xi/希 祥/xiang/祥 亚/ya/亞 艺/yi/藝 英/ying/英 宇/yu/宇 裕/yu/裕 云/yun/雲
    卓/zhuo/卓 中/zhong/中 正/zheng/正 志/zhi/志 众/zhong/眾 海/hai/海 汉/han/漢 嘉/jia/嘉
    佳/jia/佳 捷/jie/捷 景/jing/景 巨/ju/巨 康/kang/康 朗/lang/朗 立/li/立 利/li/利
    良/liang/良 茂/mao/茂 欧/ou/歐 鹏/peng/鵬 奇/qi/奇 千/qian/千 庆/qing/慶 荣/rong/榮
    森/sen/森 尚/shang/尚 世/shi/世 双/shuang/雙 腾/teng/騰 通/tong/通 万/wan/萬 维/wei/維
    文/wen/文 旭/xu/旭 扬/yang/揚 益/yi/益 永/yong/永 友/you/友 源/yuan/源 振/zhen/振
    智/zhi/智 佰/bai/佰 辰/chen/辰 德/de/德
"""
BRAND = tuple(entry.split("/") for entry in _BRAND.split())
# line of business: Chinese, traditional, English, domain word, industry
BUSINESS = (
    ("科技", "科技", "Technology", "tech", 6), ("电子", "電子", "Electronics", "elec", 1),
    ("机械", "機械", "Machinery", "mach", 0), ("自动化", "自動化", "Automation", "auto", 0),
    ("汽车零部件", "汽車零部件", "Auto Parts", "parts", 2), ("新能源", "新能源", "New Energy", "energy", 3),
    ("医疗器械", "醫療器械", "Medical Devices", "med", 4), ("物流", "物流", "Logistics", "logi", 5),
    ("软件", "軟件", "Software", "soft", 6), ("商贸", "商貿", "Trading", "trade", 7),
    ("化工", "化工", "Chemicals", "chem", 8), ("食品", "食品", "Foods", "food", 9),
    ("精密制造", "精密製造", "Precision Manufacturing", "prec", 0), ("光电", "光電", "Optoelectronics", "opto", 1),
    ("环保设备", "環保設備", "Environmental Equipment", "env", 3), ("生物", "生物", "Biotech", "bio", 4),
)  # fmt: skip
INDUSTRIES = ("Manufacturing", "Electronics", "Automotive", "Energy", "Healthcare", "Logistics", "Software", "Retail",
              "Chemicals", "Food")  # fmt: skip
CHINESE_INDUSTRIES = ("制造业", "电子", "汽车", "能源", "医疗", "物流", "软件", "零售", "化工", "食品")
CHINESE_FORMS = ("有限公司", "股份有限公司", "有限责任公司")
HEADS = (
    "North", "Bright", "Silver", "Iron", "Clear", "High", "Blue", "Stone", "Grand", "East", "Red", "Ever",
    "Gold", "Swift", "True", "Wild", "Lake", "Oak", "Pine", "Sun", "Star", "Sky", "River", "Fair", "Black",
    "White", "Green", "Rose", "Long", "New", "Old", "Cedar", "Maple", "Falcon", "Eagle", "Raven",
)  # fmt: skip
TAILS = (
    "field", "wave", "stone", "bridge", "water", "gate", "wood", "ridge", "brook", "point", "ford", "mark",
    "land", "view", "port", "well", "path", "peak", "crest", "haven", "light", "forge", "line", "spring",
    "dale", "mont", "hill", "ton", "burg", "worth", "ley", "mere", "shore", "cliff", "grove", "bay",
)  # fmt: skip
LINKS = (
    "", "al", "en", "or", "ia", "um", "is", "ex", "on", "ar", "ea", "il", "ou", "an", "et", "us", "im", "ol",
    "ur", "ay", "ta", "re", "mi", "no", "lu", "sa", "ve", "di", "ko", "pa",
)  # fmt: skip
ENGLISH_FORMS = {
    "DE": ("GmbH", "AG", "GmbH & Co. KG"),
    "US": ("Inc.", "LLC", "Corp."),
    "AU": ("Pty Ltd", "Ltd", "Limited"),
}
STREETS = (
    "中山路",
    "人民路",
    "科技园路",
    "建设大道",
    "高新三路",
    "解放路",
    "长江路",
    "创新大道",
    "工业园路",
    "滨海大道",
)
OVERSEAS_STREETS = ("Main Street", "Industrial Road", "Park Avenue", "Station Road", "Harbour Street", "Mill Lane",
                    "Market Street", "Lake Drive")  # fmt: skip

# product line: products with their list price in CNY
PRODUCTS = {
    "Sensors": (("Pressure sensor PS-20", 860), ("Flow sensor FS-8", 1480), ("Vision sensor VS-3", 5600),
                ("Laser gauge LG-1", 9800), ("Temperature probe TP-5", 420)),
    "Controllers": (("Edge controller EC-100", 12800), ("Motion controller MC-40", 22600),
                    ("Safety relay SR-2", 1960), ("Gateway GW-7", 6400), ("Drive DR-15", 15800)),
    "Software": (("Line monitor, one year", 36000), ("Quality suite, one year", 58000),
                 ("Connector pack", 9600), ("Site licence", 128000)),
    "Services": (("Commissioning day", 6800), ("Training day", 4200), ("Maintenance month", 9200)),
    "Spare parts": (("Cable set", 180), ("Filter kit", 360), ("Seal kit", 95), ("Battery module", 1250)),
}  # fmt: skip
LINE_WEIGHTS = (0.30, 0.27, 0.18, 0.10, 0.15)
CHANNELS = ("Website", "Referral", "Trade show", "Outbound", "Partner", "Existing customer")
CHANNEL_WEIGHTS = (0.22, 0.16, 0.12, 0.24, 0.12, 0.14)
LOSS_REASONS = ("Price", "Competitor", "No budget", "No decision", "Timing")
REPS = {
    "East China": ("王磊", "李娜", "张伟", "陈静", "刘洋", "赵敏"),
    "South China": ("黄志强", "周婷", "吴斌", "徐丽", "孙浩"),
    "North China": ("马超", "朱琳", "胡军", "郭芳", "何勇"),
    "West China": ("高峰", "林雪", "罗平", "梁艳"),
    "Europe": ("Anna Keller", "Lukas Brandt", "Sofie Maier", "Jonas Vogel"),
    "Americas": ("Emily Carter", "Daniel Reyes", "Grace Nolan", "Victor Hale"),
    "Asia Pacific": ("Chloe Barnes", "Ethan Wade", "Priya Nair"),
}
MANAGERS = dict(
    zip(REGIONS, ("钱建国", "沈慧", "韩梅", "唐亮", "Martin Fuchs", "Rachel Stone", "Oliver Grant"), strict=True)
)
