"""Whose is a host? The registered domain of each, or nobody's: mail providers, and platforms where many have a page."""

from functools import lru_cache

import polars as pl

SIMPLE_DOMAIN = r"^[^.]+\.[a-z]{2,}$"
SECOND_LEVEL = r"([^.]+\.(?:com|co|net|org|gov|edu|ac|or|ne|go|ltd|plc)\.[a-z]{2})$"

# Providers that give mail to everybody under the domain of every country: yahoo.de, hotmail.co.uk.
_MAIL_NAMES = """
    yahoo ymail rocketmail hotmail outlook live msn gmx freenet aol gmail googlemail icloud protonmail yandex
    rediffmail fastmail tutanota mail email freemail netscape
"""
# Those of one country, and domains of examples.
_FREE_MAIL = """
    me.com mac.com t-online.de t-online.hu web.de arcor.de online.de posteo.de mailbox.org kabelmail.de unitybox.de
    vodafonemail.de magenta.de aon.at chello.at a1.net bluewin.ch hispeed.ch list.ru bk.ru inbox.ru rambler.ru ukr.net
    proton.me pm.me zoho.com tuta.io hey.com inbox.com hushmail.com juno.com netzero.net
    qq.com foxmail.com 163.com 126.com 163.net 263.net yeah.net sina.com sina.cn sina.com.cn sohu.com 139.com 189.cn
    188.com tom.com aliyun.com 21cn.com wo.cn wo.com.cn eyou.com sogou.com chinaren.com 2980.com hinet.net
    pchome.com.tw seed.net.tw netvigator.com singnet.com.sg
    naver.com hanmail.net daum.net nate.com kakao.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp nifty.com biglobe.ne.jp
    ocn.ne.jp so-net.ne.jp
    comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net optonline.net
    frontier.com windstream.net rr.com shaw.ca rogers.com sympatico.ca telus.net videotron.ca bigpond.com
    bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz walla.co.il netvision.net.il
    orange.fr free.fr wanadoo.fr sfr.fr laposte.net neuf.fr bbox.fr club-internet.fr libero.it alice.it tiscali.it
    virgilio.it tin.it tiscali.co.uk btinternet.com btopenworld.com virginmedia.com ntlworld.com talktalk.net
    blueyonder.co.uk sky.com telefonica.net terra.es terra.com.br uol.com.br bol.com.br ig.com.br globo.com
    telenet.be skynet.be ziggo.nl kpnmail.nl planet.nl hetnet.nl home.nl upcmail.nl comhem.se spray.se bredband.net
    online.no broadpark.no jubii.dk ofir.dk luukku.com kolumbus.fi wp.pl o2.pl onet.pl op.pl interia.pl
    seznam.cz centrum.cz post.cz volny.cz azet.sk zoznam.sk citromail.hu abv.bg inbox.lv
    example.com example.org example.net test.com none.com
"""
FREE_MAIL = sorted(set(_FREE_MAIL.split()))
# Shops and sites below these belong to whoever rents them; the public suffix list knows many more (its private part).
_HOSTED = """
    1688.com taobao.com tmall.com alibaba.com made-in-china.com jd.com weidian.com hc360.com diytrade.com
    globalsources.com indiamart.com tradeindia.com jimdo.com wix.com tumblr.com livejournal.com over-blog.com
    yolasite.com bigcartel.com wordpress.com myshopify.com squarespace.com godaddysites.com webs.com
"""
HOSTED = sorted(set(_HOSTED.split()))
# Doors of the platform itself, not of one who rents.
_DOORS = r"^(?:www|m|mobile|en|de|shop|store|detail|item|login|mail)\."
# A page is in the path, so that the host says nothing.
_PAGES = r"""
    facebook fb linkedin instagram twitter x tiktok youtube pinterest xing vk weibo zhihu douyin etsy ebay yelp
    tripadvisor linktr t wa bit medium about myspace gelbeseiten yellowpages
"""
_PAGE_ENDS = {
    "x": "com",
    "t": "me",
    "wa": "me",
    "bit": "ly",
    "medium": "com",
    "about": "me",
    "fb": "(?:com|me)",
    "linktr": "ee",
}
PAGES = (
    "^(?:" + "|".join(rf"{name}\.{_PAGE_ENDS.get(name, '[a-z.]+')}" for name in _PAGES.split()) + ")$"
    r"|^(?:sites|maps|plus|docs|drive)\.google\."
)
MAIL = "^(?:" + "|".join(_MAIL_NAMES.split()) + r")\.(?:(?:com?|net|org|ne)\.)?[a-z]{2,4}$"


def domains_of_mail(hosts: pl.Series) -> pl.Series:
    """The domain that the addresses at each host tell; null for mail providers and platforms."""
    return _owned(hosts, pl.lit(False))


def domains_of_sites(hosts: pl.Series) -> pl.Series:
    """The domain that a site at each host tells; null also where the page's owner is only in the path (facebook.com).

    The staff of these platforms write from their domain, so that it is nobody's only as a site.
    """
    return _owned(hosts, pl.col("domain").str.contains(PAGES) | pl.col("host").str.contains(PAGES))


def _owned(hosts: pl.Series, is_page: pl.Expr) -> pl.Series:
    domain, host = pl.col("domain"), pl.col("host")
    is_mail = domain.str.contains(MAIL) | domain.is_in(FREE_MAIL) | host.is_in(FREE_MAIL)
    is_door = (host == domain) | host.str.contains(_DOORS)
    rented = pl.when(is_door).then(None).otherwise(host)
    owned = pl.when(domain.is_in(HOSTED)).then(rented).otherwise(domain)
    is_nobodys = is_mail | is_page | domain.is_in(sorted(_suffixes()))
    return registered(hosts).select(pl.when(is_nobodys).then(None).otherwise(owned)).to_series()


def registered(hosts: pl.Series) -> pl.DataFrame:
    """`host, domain`: the registered domain. The public suffix list is asked only where two labels do not say it."""
    frame = hosts.rename("host").to_frame()
    host = pl.col("host")
    quick = pl.when(host.str.contains(SIMPLE_DOMAIN)).then(host).otherwise(host.str.extract(SECOND_LEVEL, 1))
    frame = frame.with_columns(domain=quick)
    rest = frame.filter(pl.col("domain").is_null() & host.is_not_null())["host"].unique()
    if rest.is_empty():
        return frame
    asked = [_extractor()(one).top_domain_under_public_suffix or one for one in rest]
    found = pl.DataFrame({"host": rest, "asked": asked}, schema={"host": pl.String, "asked": pl.String})
    joined = frame.join(found, on="host", how="left", maintain_order="left")
    return joined.select("host", domain=pl.coalesce("domain", "asked"))


@lru_cache(maxsize=1)
def _extractor():
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=1)
def _suffixes() -> frozenset[str]:
    """Suffixes of more than one label: below each of them others register, so that alone it is nobody's."""
    return frozenset(suffix for suffix in _extractor().tlds if "." in suffix and suffix[0] not in "*!")
