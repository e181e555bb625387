"""Names, phones, e-mails, web sites, tax ids and addresses: spellings of one value share a key, and no text raises."""

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.keys import build_key_tables, contacts, is_valid_uscc, parse_name, tax_id_keys
from pipelines.keys.chinese_short_name import link_short_names, short_core
from pipelines.keys.countries import country_code, country_keys
from pipelines.keys.places import place_key
from pipelines.keys.tables import name_keys
from pipelines.keys.tax import USCC_ALPHABET

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Acme Widgets, Inc.", "ACME WIDGETS"),
        ("The Acme & Sons Corp", "Acme and Sons Corporation"),
        ("I.B.M. Corporation", "IBM"),
        ("Société Générale S.A.", "Societe Generale"),
        ("深圳市华为技术有限公司", "华为技术（深圳）有限公司"),
        ("嘉里物流(長沙)有限公司", "嘉里物流（长沙）有限公司"),
        ("中国建设银行武汉市武昌支行", "中国建设银行股份有限公司武汉武昌支行"),
        ("ＡＢＣ電子股份有限公司", "abc电子"),
        ("Contoso Technologies GmbH", "contoso technology"),
        ("Müller Maschinenbau GmbH", "Mueller Maschinenbau"),
        ("MÜLLER MASCHINENBAU", "Mu\u0308ller Maschinenbau"),
        ("Großmann Weißblech AG", "Grossmann Weissblech"),
        ("GROẞMANN", "Grossmann"),
        ("Schäfer Feinmechanik", "Schaefer Feinmechanik GmbH"),
        ("Ørskov Skibsværft A/S", "Orskov Skibsvaerft AS"),
        ("Göteborg Energi AB", "Goteborg Energi"),
        ("Muebles Agüero S.L.", "Muebles Aguero"),
        ("Anna’s Cupcakes – Leeds", "Anna's Cupcakes Leeds"),
        ("Bonvin Horloges S. A.", "Bonvin Horloges SA"),
        ("Dupont Frères S. à r. l.", "Dupont Freres SARL"),
        ("Bratwurst Hilgers GmbH & Co. KG", "Bratwurst Hilgers GmbH und Co KG"),
        ("Hilgers GmbH&Co.KG", "Hilgers GmbH"),
        ("Grupo Sol S.A. de C.V.", "Grupo Sol SA de CV"),
        ("Köster & Partner GmbH", "Koester und Partner GmbH"),
        ("Frères Dupont et Fils", "Freres Dupont & Fils SARL"),
        ("Łódź Tekstyl Sp. z o.o.", "Lodz Tekstyl Sp. z o.o."),
        ("成都万康环保设备份有限公司", "成都万康环保设备股份有限公司"),
        ("苏州联永机械有限任责公司", "苏州联永机械"),
        ("重庆力帆控股有限公司", "重庆力帆控股"),
    ],
)
def test_spellings_of_one_company_share_their_core(left: str, right: str) -> None:
    assert parse_name(left).core == parse_name(right).core


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("深圳市拓搏实业有限公司", "深圳市拓博实业有限公司"),
        ("北京银行", "上海银行"),
        ("ET Works", "Works"),
        ("Smith & Co. KG", "Miller & Co. KG"),
        ("Vitamin B", "Vitamin"),
        ("Blue Systems", "Blu Systems"),
        ("Joe's Pizza", "Jo's Pizza"),
        ("Aerotech", "Arotech"),
        ("Acme Widgets", "Acme Gadgets"),
        ("中国工商银行珠市口支行", "中国工商银行车站路支行"),
    ],
)
def test_different_companies_keep_different_cores(left: str, right: str) -> None:
    assert parse_name(left).core != parse_name(right).core


def test_a_name_is_parsed_into_place_form_brand_and_sound() -> None:
    huawei = parse_name("深圳市华为技术有限公司")
    assert (huawei.place, huawei.legal_form, huawei.brand, huawei.sound) == ("shenzhen", "有限公司", "华为", "huawei")
    assert parse_name("招商银行股份有限公司上海分行").branch == "分行"


@pytest.mark.parametrize(
    ("name", "is_person"),
    [("Jon Yang", True), ("王小明", True), ("Johnson Controls Inc", False), ("华为", False), ("Mary Kay Ltd", False)],
)
def test_persons_are_distinguished_from_companies(name: str, is_person: bool) -> None:
    assert parse_name(name).is_person is is_person


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_no_text_makes_a_name_raise(text: str) -> None:
    assert parse_name(text).name_key == parse_name(text).name_key


@pytest.mark.parametrize(
    ("name", "branch"),
    [
        ("Siemens AG, Branch Office Hamburg", "branch office hamburg"),
        ("Bosch GmbH Niederlassung Ulm", "niederlassung ulm"),
        ("Nestora Österreich GmbH", "austria"),
        ("Branch Metrics Inc.", ""),
        ("South East Asia Center (Foster)", "(foster"),
        ("Acme (Shanghai) Co., Ltd.", ""),
        ("Zentrum (Private) Limited", ""),  # legal words and notes in brackets name no branch
        ("Zentrum (Pvt.) Ltd", ""),
        ("Zentrum [inactive] Ltd", ""),
        ("Zentrum (do not use)", ""),
        ("Zentrum (M) Bhd", ""),
        ("中国建设银行上海分行", "分行"),
        ("博腾（苏州）机械有限公司", ""),
    ],
)
def test_a_branch_is_distinguished_from_its_company_and_from_a_place(name: str, branch: str) -> None:
    assert parse_name(name).branch == branch


def test_a_name_and_its_translation_have_one_sound_and_trade() -> None:
    names = ["深圳市朗科化工有限公司", "Lang Ke Chemicals Co Ltd", "Shenzhen Langke Chemical", "Langke Foods", "Langke"]
    assert name_keys(pl.Series(names))["spoken"].to_list() == [*3 * ["langke|chemical"], "langke|food", None]


def test_umlauts_fold_to_one_key() -> None:
    names = ["Müller Söhne", "Mueller Soehne", "Muller Sohne", "Blue Bauer"]
    assert name_keys(pl.Series(names))["folded_core"].to_list() == [*3 * ["muller sohne"], "bauer blue"]


def test_a_mailbox_has_one_key() -> None:
    addresses = ["d.stone+crm@googlemail.com", "D.Stone@gmail.com", "d.stone+a@firm.com", "+49@firm.com"]
    found = contacts.email_keys(pl.Series(addresses))["email_key"].to_list()
    assert found == ["dstone@gmail.com", "dstone@gmail.com", "d.stone@firm.com", "+49@firm.com"]


def test_a_street_sounds_alike_in_both_scripts() -> None:
    values = ["深圳市解放路345号", "No. 345 Jiefang Road", "上海市淮海东路88号", "88 Huaihai East Road", "8号"]
    sounds = contacts.address_keys(pl.Series(values))["address_sound"].to_list()
    assert sounds == ["345 jiefang", "345 jiefang", "88 huaihai", "88 huaihai", None]


def test_a_nickname_is_the_given_name() -> None:
    assert parse_name("Bob Miller").given == parse_name("Robert Miller").given


def keyed(frame: pl.DataFrame, column: str) -> dict[str, str | None]:
    return dict(frame.select("value", column).iter_rows())


def test_spellings_of_one_telephone_share_a_key_and_placeholders_get_none() -> None:
    values = ["+86 21-5888 1234", "021-58881234", "(312) 386-5286 x12", "1-312-386-5286", "0000000", "1234567", "12"]
    keys = keyed(contacts.phone_keys(pl.Series(values)), "phone_key")
    assert keys == {
        "+86 21-5888 1234": "2158881234",
        "021-58881234": "2158881234",
        "(312) 386-5286 x12": "3123865286",
        "1-312-386-5286": "3123865286",
    }


def test_free_mail_gives_no_company_domain() -> None:
    frame = contacts.email_keys(pl.Series(["A@mail.Acme.co.uk", "x@gmail.com", "a@tencent.com.cn", "no address"]))
    assert keyed(frame, "domain_key") == {
        "A@mail.Acme.co.uk": "acme.co.uk",
        "x@gmail.com": None,
        "a@tencent.com.cn": "tencent.com.cn",
    }


def test_web_sites_give_their_registered_domain() -> None:
    frame = contacts.website_keys(pl.Series(["https://www.acme.co.uk/x?y", "No", "shop.foo.com.cn", "bar.io"]))
    assert keyed(frame, "domain_key") == {
        "https://www.acme.co.uk/x?y": "acme.co.uk",
        "shop.foo.com.cn": "foo.com.cn",
        "bar.io": "bar.io",
    }


MAIL_HOSTS = """yahoo.de yahoo.co.uk yahoo.com.br freenet.de gmx.at hotmail.fr outlook.de live.nl naver.com web.de
t-online.de mail.ru bigpond.com sina.com.cn msa.hinet.net vip.sina.com"""


@pytest.mark.parametrize(
    "spellings",
    [
        ["+49 221 4711234", "0221/4711234", "+49 (0)221 4711234", "0049 (0) 221-471 12 34", "Tel. (+49) 0221 4711234"],
        ["+44 (0)20 7946 0958", "020 7946 0958", "0044 20 79460958"],
        ["+33 1 42 68 53 00", "01 42 68 53 00", "+33 (0)1.42.68.53.00"],
        ["+358 9 1234 5670", "09 12345670"],
        ["+86 138 0000 1234", "13800001234", "8613800001234"],
        ["010-88886666-12", "010-88886666", "+86 10 8888 6666-8012", "010-88886666/7777", "01088886666、01088887777"],
        ["001-617-411 9457", "+1 (617) 411-9457", "617-411-9457 x3"],
    ],
)
def test_national_and_international_telephone_numbers_share_a_key(spellings: list[str]) -> None:
    keys = contacts.phone_keys(pl.Series(spellings))["phone_key"]
    assert (len(keys), keys.n_unique()) == (len(spellings), 1)


def test_numbers_that_differ_in_their_last_digits_stay_apart() -> None:
    values = ["0221/4711234", "0221/4711235", "555-0123-444", "555-0123-445", "+298 123456", "+299 123456"]
    assert contacts.phone_keys(pl.Series(values))["phone_key"].n_unique() == len(values)


def test_a_mail_provider_of_any_country_gives_no_company_domain() -> None:
    frame = contacts.email_keys(pl.Series([f"huber@{host}" for host in MAIL_HOSTS.split()]))
    assert frame.filter(pl.col("domain_key").is_not_null()).is_empty()


def test_a_page_of_a_platform_gives_the_customers_host_or_no_domain() -> None:
    rented = ["annas.wordpress.com", "https://berta.myshopify.com/x", "hongfa.1688.com", "c.github.io", "acme.uk.com"]
    pages = ["https://www.linkedin.com/company/carlo", "facebook.com/carla", "de-de.facebook.com/carla", "x.com/acme"]
    platforms = ["wordpress.com", "www.1688.com", "detail.1688.com/offer/1", "myshopify.com", "sites.google.com/site/a"]
    frame = contacts.website_keys(pl.Series(rented + pages + platforms + ["outlook-tools.de", "max.com", "mailer.io"]))
    hosts = ["annas.wordpress.com", "berta.myshopify.com", "hongfa.1688.com", "c.github.io", "acme.uk.com"]
    assert frame["domain_key"].to_list() == [*hosts, "outlook-tools.de", "max.com", "mailer.io"]


def test_an_e_mail_from_a_platforms_domain_keeps_that_domain() -> None:
    assert contacts.email_keys(pl.Series(["a@linkedin.com"]))["domain_key"].to_list() == ["linkedin.com"]


def test_addresses_keep_number_and_street() -> None:
    values = [
        "5900 N. Winthrop Ave",
        "5900 north winthrop",
        "上海市浦东新区解放路88号3楼",
        "上海解放路88号",
        "P.O. Box 12",
    ]
    keys = keyed(contacts.address_keys(pl.Series(values)), "address_key")
    assert list(keys.values()) == ["5900 winthrop", "5900 winthrop", "解放路 88", "解放路 88", None]


def test_both_scripts_of_a_place_give_one_key() -> None:
    assert place_key("深圳市") == place_key("Shenzhen") == "shenzhen"
    assert place_key("Yueyang") == place_key("岳阳市") == "yueyang"
    frame = contacts.place_keys(pl.Series(["深圳市", "Springfield"]))
    assert keyed(frame, "province_key") == {"深圳市": "guangdong", "Springfield": None}


@pytest.mark.parametrize(
    "spellings",
    ["Köln Koeln Koln KÖLN", "Zürich Zuerich Zurich", "Århus Aarhus Arhus", "Malmö Malmoe Malmo", "Gießen Giessen"],
)
def test_a_city_with_and_without_umlaut_is_one(spellings: str) -> None:
    assert len({place_key(spelling) for spelling in spellings.split()}) == 1


def test_a_tax_id_is_valid_only_if_its_checksum_holds() -> None:
    assert is_valid_uscc("91350100M000100Y43")
    assert not is_valid_uscc("91350100M000100Y44")
    frame = tax_id_keys(pl.Series(["91350100M000100Y43", "9135 0100 M000 100Y 44", "DE136695976", "20-2414936", "-"]))
    assert frame.sort("value").select("value", "is_valid", "kind").rows() == [
        ("20-2414936", False, "other"),
        ("9135 0100 M000 100Y 44", False, "uscc"),
        ("91350100M000100Y43", True, "uscc"),
        ("DE136695976", True, "vat"),
    ]


@pytest.mark.parametrize("text", ["0" * 18, "0" * 9, "DE123456789", "1234567890", "12-3456789", "ATU" + "XXXXXXXX"])
def test_a_placeholder_tax_id_has_no_key(text: str) -> None:
    assert tax_id_keys(pl.Series([text])).is_empty()


@given(st.sampled_from("0BCDEFGHJKLMPQRTUWX"), st.integers(0, 10**15))
@settings(max_examples=50, deadline=None)
def test_no_check_character_makes_an_id_of_no_department_or_region_valid(department: str, rest: int) -> None:
    def valid(start: str) -> int:
        return sum(is_valid_uscc(f"{start}{rest:015d}"[:17] + last) for last in USCC_ALPHABET)

    assert (valid(f"{department}1"), valid("910"), valid("911")) == (0, 0, 1)


def test_a_vat_number_without_its_country_has_the_same_key_but_is_not_valid() -> None:
    written = ["DE 129 273 398", "129273398", "12-9273398", "129273399", "IT00743110157", "00743110157"]
    keys = {value: (key, valid) for value, key, valid, _ in tax_id_keys(pl.Series(written)).rows()}
    assert keys == {
        "DE 129 273 398": ("DE129273398", True),
        "129273398": ("DE129273398", False),
        "12-9273398": ("DE129273398", False),
        "129273399": ("129273399", False),
        "IT00743110157": ("IT00743110157", True),
        "00743110157": ("IT00743110157", False),
    }


def test_misread_letters_become_digits_in_chinese_codes() -> None:
    frame = tax_id_keys(pl.Series(["913301OO799655058B", "9I330100799655058b", "91330100799655058B"]))
    assert set(frame.select("tax_id_key", "is_valid").rows()) == {("91330100799655058B", True)}


@pytest.mark.parametrize(
    ("spellings", "code"),
    [
        ("Germany, DE, deu, Deutschland, 德国, 德國, Allemagne, ALEMANIA", "DE"),
        ("China, cn, CHN, 中国, 中國, PRC", "CN"),
        ("United States, USA, U.S., 美国, Estados Unidos, us", "US"),
        ("UK, Great Britain, 英国, Vereinigtes Königreich, GBR", "GB"),
        ("Hong Kong, 香港, HKG", "HK"),
        ("Atlantis, EU, 华东, N/A, -, Bayern", None),
    ],
)
def test_a_country_in_any_spelling_gives_its_iso_code(spellings: str, code: str | None) -> None:
    assert {country_code(spelling) for spelling in spellings.split(", ")} == {code}


def test_a_country_has_the_script_its_companies_write_in() -> None:
    keys = country_keys(pl.Series(["China", "Taiwan", "Japan", "Greece", "USA", "Austria", "Nowhere"]))
    assert keys["script"].to_list() == ["Hans", "Hant", "Jpan", "Grek", "Latn", "Latn"]


@pytest.mark.parametrize(
    ("name", "script", "is_plain"),
    [
        ("上海宏丰有限公司", "Hans", True),
        ("上海宏豐有限公司", "Hant", True),
        ("上海 宏丰 有限公司", "Hans", False),
        ("トヨタ自動車株式会社", "Jpan", True),
        ("CLEARLINE TRADING INC.", "Latn", False),
        ("Clearline Trading INC", "Latn", True),
        ("IBM", "Latn", True),
        ("BMW AG", "Latn", True),
        ("ООО Ромашка", "Cyrl", True),
        ("4711", None, True),
    ],
)
def test_the_writing_of_a_name_is_told_from_its_letters(name: str, script: str | None, is_plain: bool) -> None:
    assert name_keys(pl.Series([name])).select("script", "is_plain").rows() == [(script, is_plain)]


def test_keys_are_built_once_per_distinct_value_and_survive_an_empty_warehouse() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        assert set(build_key_tables(connection, "raw").values()) == {0}
        connection.execute("create table raw.accounts as select 'Acme ' || (i % 3) as account_name from range(9) t(i)")
        assert build_key_tables(connection, "raw")["names"] == 3
        connection.execute("create table raw.orders as select 'Acme 7' as account_name")
        assert build_key_tables(connection, "raw")["names"] == 4


def test_short_names_find_their_full_names() -> None:
    fulls = ["深圳市全新好股份有限公司", "万科企业股份有限公司", "天津友发钢管集团股份有限公司", "美团"]
    linked = link_short_names(["*ST全新", "万科A", "友发集团"], fulls)
    assert linked["full"].to_list() == fulls[:3]
    assert short_core("*ST全新") == "全新"
    assert link_short_names([], fulls).is_empty()


@pytest.mark.real
def test_most_listed_companies_are_found_by_their_short_names(datasets) -> None:  # type: ignore[no-untyped-def]
    pairs = pl.read_csv(datasets / "identity" / "cn_ashare_short_full.csv").drop_nulls()
    pairs = pairs.unique("证券简称", keep="first", maintain_order=True)
    linked = link_short_names(pairs["证券简称"].to_list(), pairs["公司中文名称"].to_list())
    assert (linked["full"] == pairs["公司中文名称"]).fill_null(False).mean() >= 0.965
