"""The registered domain of each host; null for mail providers, and for platforms where many companies have a page."""

from functools import lru_cache

import polars as pl

SIMPLE_DOMAIN = r"^[^.]+\.[a-z]{2,}$"
SECOND_LEVEL = r"([^.]+\.(?:com|co|net|org|gov|edu|ac|or|ne|go|ltd|plc)\.[a-z]{2})$"

# Mail providers with a domain in many countries: yahoo.de, hotmail.co.uk.
_MAIL_NAMES = """
    yahoo ymail rocketmail hotmail outlook live msn gmx freenet aol gmail googlemail icloud protonmail yandex
    rediffmail fastmail tutanota mail email freemail netscape
"""
# Mail providers with single domains, and example domains.
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
# Subdomains of these belong to the platform's customers; the private part of the public suffix list has many more.
_HOSTED = """
    1688.com taobao.com tmall.com alibaba.com made-in-china.com jd.com weidian.com hc360.com diytrade.com
    globalsources.com indiamart.com tradeindia.com jimdo.com wix.com tumblr.com livejournal.com over-blog.com
    yolasite.com bigcartel.com wordpress.com myshopify.com squarespace.com godaddysites.com webs.com
"""
HOSTED = sorted(set(_HOSTED.split()))
# Subdomains of the platform itself, not of a customer.
_OWN_SUBDOMAINS = r"^(?:www|m|mobile|en|de|shop|store|detail|item|login|mail)\."
# Platforms where the company is in the path, not in the host.
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
    """The company domain of each e-mail host; null for mail providers and platforms."""
    return _company_domain(hosts, pl.lit(False))


def domains_of_sites(hosts: pl.Series) -> pl.Series:
    """The company domain of each web host; null also where the company is only in the path (facebook.com).

    As an e-mail host such a domain is kept: the staff of the platform write from it.
    """
    return _company_domain(hosts, pl.col("domain").str.contains(PAGES) | pl.col("host").str.contains(PAGES))


def _company_domain(hosts: pl.Series, is_page: pl.Expr) -> pl.Series:
    domain, host = pl.col("domain"), pl.col("host")
    is_mail = domain.str.contains(MAIL) | domain.is_in(FREE_MAIL) | host.is_in(FREE_MAIL)
    is_platform = (host == domain) | host.str.contains(_OWN_SUBDOMAINS)
    customer_host = pl.when(is_platform).then(None).otherwise(host)
    owned = pl.when(domain.is_in(HOSTED)).then(customer_host).otherwise(domain)
    is_shared = is_mail | is_page | domain.is_in(sorted(_suffixes()))
    return registered(hosts).select(pl.when(is_shared).then(None).otherwise(owned)).to_series()


def registered(hosts: pl.Series) -> pl.DataFrame:
    """`host, domain`: the registered domain. The public suffix list is used only where the labels do not suffice."""
    frame = hosts.rename("host").to_frame()
    host = pl.col("host")
    quick = pl.when(host.str.contains(SIMPLE_DOMAIN)).then(host).otherwise(host.str.extract(SECOND_LEVEL, 1))
    frame = frame.with_columns(domain=quick)
    rest = frame.filter(pl.col("domain").is_null() & host.is_not_null())["host"].unique()
    if rest.is_empty():
        return frame
    extracted = [_extractor()(name).top_domain_under_public_suffix or name for name in rest]
    by_host = pl.DataFrame({"host": rest, "extracted": extracted}, schema={"host": pl.String, "extracted": pl.String})
    joined = frame.join(by_host, on="host", how="left", maintain_order="left")
    return joined.select("host", domain=pl.coalesce("domain", "extracted"))


@lru_cache(maxsize=1)
def _extractor():
    import tldextract

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


@lru_cache(maxsize=1)
def _suffixes() -> frozenset[str]:
    """Public suffixes of more than one label: others register below them, so that alone they identify no one."""
    return frozenset(suffix for suffix in _extractor().tlds if "." in suffix and suffix[0] not in "*!")
