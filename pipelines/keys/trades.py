"""The trade in a company's name in one wording for Chinese and English, so that a name and its translation meet."""

from functools import lru_cache

_WORDS = """
    technology 科技 技术 tech
    science 科学
    electronic 电子 electronics
    electric 电气 电器 electrical electrics
    information 信息
    network 网络
    software 软件
    data 数据
    communication 通信 通讯
    semiconductor 半导体 semiconductors
    optoelectronics 光电 optoelectronic
    machinery 机械 machine machines
    automation 自动化 automatic
    equipment 设备 装备 equipments
    device 器械 devices
    instrument 仪器 仪表 instruments
    medical 医疗
    pharmaceutical 医药 制药 药业 pharma
    biotech 生物 biotechnology biological bio
    chemical 化工 化学 chemicals
    material 材料 新材料 materials
    energy 能源 新能源 energies
    environment 环保 环境 environmental
    auto 汽车 automotive automobile automobiles
    part 零部件 配件 汽配 parts components
    precision 精密
    manufacturing 制造 智造
    industry 实业 工业 industrial
    trading 贸易 商贸 经贸 commerce
    logistics 物流
    food 食品 foods
    textile 纺织 textiles
    garment 服装 服饰 clothing apparel garments
    plastic 塑料 塑胶 plastics
    metal 金属 metals
    steel 钢铁
    construction 建设 建筑
    engineering 工程
    investment 投资 investments
    consulting 咨询
    media 传媒
    packaging 包装
    printing 印刷
    furniture 家具
    toy 玩具 toys
    lighting 照明 灯具
    import 进出口 importexport
"""
_TRADE_OF = {word: row.split()[0] for row in _WORDS.strip().splitlines() for word in row.split()}
_CHINESE = sorted((word for word in _TRADE_OF if not word.isascii()), key=len, reverse=True)


def trade(core: str, brand: str) -> str:
    """The trades named in a core besides its brand, in English and in alphabetical order; empty where none is known."""
    return _chinese_trade(core[len(brand) :]) if not core.isascii() else _latin_trade(core, brand)


@lru_cache(maxsize=10_000)
def _chinese_trade(text: str) -> str:
    trades = set()
    while text:
        word = next((word for word in _CHINESE if text.startswith(word)), text[0])
        trades.add(_TRADE_OF.get(word, ""))
        text = text[len(word) :]
    return " ".join(sorted(trades - {""}))


def _latin_trade(core: str, brand: str) -> str:
    words = [word for word in core.split() if word != brand]
    return " ".join(sorted({_TRADE_OF[word] for word in words if word in _TRADE_OF}))
