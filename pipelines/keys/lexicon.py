"""Words that carry a company's form or trade rather than its identity; first names that identify persons."""

# Latin legal forms after lower-casing and removal of dots: what may be cut from the end of a name.
_LATIN_FORMS = """
    inc incorporated corp corporation co company ltd limited llc llp lp plc pty pte pvt pc pllc gmbh mbh ag kg
    kgaa ohg ug se sa sas sarl sl slu srl spa sro spzoo oy oyj ab as asa aps bv nv cv vof bvba sprl kk kft zrt
    rt doo dd ad jsc pjsc ooo oao zao tbk pt bhd sdn eirl sab ltda eireli ev eg gbr
    gesmbh cokg cokgaa holding holdings group grp
"""
LATIN_FORMS = frozenset(_LATIN_FORMS.split())
# Words in brackets that name no branch: legal words, and remarks about a record. Compared without blanks.
LATIN_REMARKS = LATIN_FORMS | {
    *("private", "proprietary", "public", "privatelimited", "pvtltd", "pteltd", "ptyltd", "the"),
    *("active", "inactive", "closed", "old", "new", "donotuse", "dontuse", "duplicate", "dup", "test", "former"),
}
# Words of a legal form that end a name only before another: Private Limited.
LATIN_FORM_WORDS = frozenset({"private", "public", "proprietary"})
# Countries as company names spell them, without blanks -> one key. Acme (Singapore) Pte Ltd is not Acme Pte Ltd.
COUNTRIES = {
    spelling: key
    for key, spellings in {
        "argentina": "argentina 阿根廷",
        "australia": "australia 澳大利亚",
        "austria": "austria osterreich oesterreich 奥地利",
        "belgium": "belgium belgique 比利时",
        "brazil": "brazil brasil 巴西",
        "canada": "canada 加拿大",
        "chile": "chile 智利",
        "china": "china prc",
        "colombia": "colombia 哥伦比亚",
        "czechia": "czechia czechrepublic 捷克",
        "denmark": "denmark danmark 丹麦",
        "egypt": "egypt 埃及",
        "finland": "finland suomi 芬兰",
        "france": "france 法国",
        "germany": "germany deutschland 德国",
        "greece": "greece hellas 希腊",
        "hongkong": "hongkong hk 香港",
        "hungary": "hungary magyarorszag 匈牙利",
        "india": "india 印度",
        "indonesia": "indonesia 印度尼西亚 印尼",
        "ireland": "ireland 爱尔兰",
        "israel": "israel 以色列",
        "italy": "italy italia 意大利",
        "japan": "japan 日本",
        "korea": "korea southkorea 韩国",
        "macau": "macau macao 澳门",
        "malaysia": "malaysia 马来西亚",
        "mexico": "mexico 墨西哥",
        "netherlands": "netherlands nederland 荷兰",
        "newzealand": "newzealand nz 新西兰",
        "norway": "norway norge 挪威",
        "philippines": "philippines 菲律宾",
        "poland": "poland polska 波兰",
        "portugal": "portugal 葡萄牙",
        "romania": "romania 罗马尼亚",
        "russia": "russia 俄罗斯",
        "saudiarabia": "saudiarabia ksa 沙特",
        "singapore": "singapore sg 新加坡",
        "southafrica": "southafrica rsa 南非",
        "spain": "spain espana 西班牙",
        "sweden": "sweden sverige 瑞典",
        "switzerland": "switzerland schweiz suisse 瑞士",
        "taiwan": "taiwan 台湾",
        "thailand": "thailand 泰国",
        "turkey": "turkey turkiye tuerkiye 土耳其",
        "uae": "uae unitedarabemirates 阿联酋",
        "unitedkingdom": "unitedkingdom uk gb greatbritain 英国",
        "unitedstates": "unitedstates unitedstatesofamerica us usa america 美国",
        "vietnam": "vietnam 越南",
    }.items()
    for spelling in spellings.split()
}
# Spellings of one word; the value is what is compared.
LATIN_WORDS = {
    short: word
    for word, shorts in {
        "technology": "tech technologies technol",
        "international": "intl int'l internatl",
        "manufacturing": "mfg manuf manufacturers manufacturer",
        "industry": "industries ind indus industrial",
        "service": "services svc svcs serv",
        "system": "systems sys syst",
        "solution": "solutions soln solns",
        "product": "products prod prods",
        "association": "assn assoc associates",
        "center": "centre ctr cntr centers",
        "university": "univ",
        "national": "natl nat'l",
        "department": "dept",
        "saint": "st ste",
        "electronic": "electronics elec electr",
        "communication": "communications comm comms",
        "development": "dev devel",
        "engineering": "eng engr engg",
        "trading": "trade",
        "pharmaceutical": "pharmaceuticals pharma pharm",
        "laboratory": "laboratories lab labs",
        "management": "mgmt mgt",
        "brother": "brothers bros",
        "school": "sch schl schools",
        "academy": "acad",
        "institute": "inst",
        "house": "hse",
    }.items()
    for short in shorts.split()
}
_LATIN_GENERIC = """
    global general new first american united great digital data energy logistics media network software
    consulting partners capital foods food auto motors medical health machinery equipment material materials
    supply power environment chemical textile import export enterprise enterprises china
"""
LATIN_GENERIC = frozenset(LATIN_WORDS.values()) | frozenset(_LATIN_GENERIC.split())
# Between two words of a name these mean `and`.
LATIN_ANDS = frozenset({"und", "et", "och", "og"})
LATIN_FILLERS = frozenset({"the", "and", "of", "for", "de", "la", "a"})

# Chinese legal forms, longest first; cut anywhere, because a branch keeps its company's form in the middle.
_CHINESE_FORMS = (
    "股份有限责任公司 集团股份有限公司 集团有限责任公司 集团有限公司 股份有限公司 有限责任公司 责任有限公司 "
    "合伙企业有限合伙 有限合伙 普通合伙 合伙企业 股份公司 有限公司 总公司 集团公司 股份合作公司 集团 公司"
)
CHINESE_FORMS = _CHINESE_FORMS.split()
# Abbreviations of the large banks; only at the beginning of a name.
CHINESE_BANKS = {
    "工行": "工商银行",
    "农行": "农业银行",
    "中行": "中国银行",
    "建行": "建设银行",
    "交行": "交通银行",
    "招行": "招商银行",
}
# Trade words that may end a Chinese name; the brand precedes them.
_CHINESE_TRADES = (
    "科技 技术 科学 电子 信息 网络 实业 投资 控股 发展 贸易 商贸 国际 股份 集团 生物 医药 药业 制药 新材料 材料 装备 "
    "机械 工业 新能源 能源 环境 环保 建设 建筑 工程 物流 "
    "供应链 传媒 文化 影视 食品 汽车 汽配 软件 智能 智造 银行 证券 "
    "保险 信托 基金 地产 置业 房地产 服务 咨询 管理 化工 化学 "
    "制造 设备 电器 电气 光电 半导体 微电子 通信 通讯 系统 数据 "
    "精密 包装 印刷 服饰 服装 纺织 家居 家具 农业 种业 牧业 "
    "矿业 钢铁 有色 金属 电力 水务 燃气 旅游 酒店 教育 医疗 器械 "
    "医疗器械 仪器 仪表 自动化 机器人 数码 互联网 云计算 航空 航天 船舶 港口 高速 水泥 玻璃 陶瓷 塑料 塑胶 橡胶 模具 "
    "五金 照明 灯具 玩具 饮料 酒业 乳业 油脂 粮油 水产 园林 装饰 装潢 设计 广告 咨询服务 企业 产业 事业 开发 进出口 "
    "经贸 商业 百货 超市 零售 电商 电子商务 健康 生命 美容 "
    "化妆品 日化 热电 光伏 风电 电池 电源 电缆 线缆 电工 重工 轻工 "
    "机电 动力 传动 轴承 液压 阀门 泵业 压缩机 制冷 空调 "
    "零部件 配件 造纸 纸业 木业 石化 石油 天然气 煤业 煤炭 黄金 铝业 铜业 稀土"
)
CHINESE_TRADES = _CHINESE_TRADES.split()

_GIVEN_NAMES = """
    james john robert michael william david richard charles joseph thomas christopher daniel paul mark donald
    george kenneth steven edward brian ronald anthony kevin jason matthew gary timothy jose larry jeffrey
    frank scott eric stephen andrew raymond gregory joshua jerry dennis walter patrick peter harold douglas
    henry carl arthur ryan roger joe juan jack albert jonathan justin terry gerald keith samuel willie ralph
    lawrence nicholas roy benjamin bruce brandon adam harry fred wayne billy steve louis jeremy aaron randy
    howard eugene carlos russell bobby victor martin ernest phillip todd jesse craig alan shawn clarence sean
    philip chris johnny earl jimmy antonio danny bryan tony luis mike stanley leonard nathan dale manuel
    rodney curtis norman allen marvin vincent glenn jeffery travis jeff chad jacob lee melvin alfred kyle
    francis bradley jesus herbert frederick ray joel edwin don eddie ricky troy randall barry alexander
    bernard mario leroy francisco marcus micheal theodore clifford miguel oscar jay jim tom calvin alex jon
    ronnie bill lloyd tommy leon derek warren darrell jerome floyd leo alvin tim wesley gordon dean greg jorge
    dustin pedro derrick dan lewis zachary corey herman maurice vernon roberto clyde glen hector shane ricardo
    sam rick lester brent ramon charlie tyler gilbert gene marc reginald ruben brett angel nathaniel rafael
    leslie edgar milton raul ben chester cecil duane franklin andre elmer brad gabriel ron mitchell roland
    arnold harvey jared adrian karl cory claude erik darryl jamie neil jessie christian javier fernando
    clinton ted mathew tyrone darren lonnie lance cody julio kelly kurt allan nelson guy clayton hugh max
    dwayne dwight armando felix jimmie everett jordan ian wallace ken bob jaime casey alfredo alberto dave
    ivan johnnie sidney byron julian isaac morris clifton willard daryl ross virgil andy marshall salvador
    perry kirk sergio marion tracy seth kent terrance rene eduardo terrence enrique freddie wade ethan logan
    noah lucas mason oliver elijah evan luke hunter xavier dylan blake colin devin trevor mary patricia linda
    barbara elizabeth jennifer maria susan margaret dorothy lisa nancy karen betty helen sandra donna carol
    ruth sharon michelle laura sarah kimberly deborah jessica shirley cynthia angela melissa brenda amy anna
    rebecca virginia kathleen pamela martha debra amanda stephanie carolyn christine marie janet catherine
    frances ann joyce diane alice julie heather teresa doris gloria evelyn jean cheryl mildred katherine joan
    ashley judith rose janice nicole judy christina kathy theresa beverly denise tammy irene jane lori rachel
    marilyn andrea kathryn louise sara anne jacqueline wanda bonnie julia ruby lois tina phyllis norma paula
    diana annie lillian emily robin peggy crystal gladys rita dawn connie florence edna tiffany carmen rosa
    cindy grace wendy victoria edith kim sherry sylvia josephine thelma shannon sheila ethel ellen elaine
    marjorie carrie charlotte monica esther pauline emma juanita anita rhonda hazel amber eva debbie april
    clara lucille jamie joanne eleanor valerie danielle megan alicia suzanne michele gail bertha darlene
    veronica jill erin geraldine lauren cathy joann lorraine lynn sally regina erica beatrice dolores bernice
    audrey yvonne annette marion dana stacy ana renee ida vivian roberta holly brittany melanie loretta
    yolanda jeanette laurie katie kristen vanessa alma sue elsie beth jeanne vicki carla tara rosemary eileen
    terri gertrude lucy tonya ella stacey wilma gina kristin jessie natalie agnes vera willie charlene bessie
    delores melinda pearl arlene maureen colleen allison tamara joy georgia constance lillie claudia jackie
    marcia tanya nellie minnie marlene heidi glenda lydia viola courtney marian stella caroline dora jo vickie
    mattie maxine irma mabel marsha myrtle lena christy deanna patsy hilda gwendolyn jennie nora margie nina
    cassandra leah penny kay priscilla naomi carole olga billie dianne tracey leona jenny felicia sonia miriam
    velma becky bobbie violet kristina toni misty mae shelly daisy ramona sherri erika katrina claire kaitlyn
    isabella sophia olivia chloe abigail hannah samantha alexandra sydney kayla morgan haley madison mia xin
    petra daniela martina michaela gabriela manuela nadine sabine ute anja katja stefan klaus juergen wolfgang uwe
    dieter heinz hans jan lars sven nils pierre michel philippe luc camille chantal giovanni giuseppe paolo luca
    marco matteo chiara giulia francesca alessandro alessandra elena lucia pilar ines bob peg nick kit zoe lily
    ava ella harriet imogen freya florence gemma hayley lorna callum liam
    wei jie ming jun lei hui yan ying fang hong ping
"""
GIVEN_NAMES = frozenset(_GIVEN_NAMES.split())
NICKNAMES = {
    nick: full
    for full, nicks in {
        "robert": "rob bob bobby robbie bert",
        "william": "will bill billy willie",
        "richard": "rick dick rich ricky",
        "thomas": "tom tommy thos",
        "james": "jim jimmy jamie jas",
        "john": "jack johnny jon",
        "edward": "ed eddie ted ned edw",
        "charles": "charlie chuck chas",
        "henry": "harry hank",
        "joseph": "joe joey jos",
        "michael": "mike mick micky",
        "alexander": "alex sandy aleksandr aleksander sasha",
        "elizabeth": "liz beth betty lizzie eliza",
        "margaret": "maggie peggy meg",
        "katherine": "kate katie kathy catherine kathryn",
        "samuel": "sam sammy",
        "benjamin": "ben benny",
        "daniel": "dan danny",
        "frederick": "fred freddie",
        "george": "geo georgie",
        "andrew": "andy drew",
        "anthony": "tony",
        "christopher": "chris kit",
        "matthew": "matt",
        "nicholas": "nick",
        "patrick": "pat paddy",
        "peter": "pete",
        "stephen": "steve steven",
        "francis": "frank",
        "david": "dave davy",
        "albert": "bertie al",
        "jeffrey": "jeff geoff geoffrey",
        "gregory": "greg gregg",
        "kenneth": "ken kenny",
        "lawrence": "larry laurence",
        "raymond": "ray",
        "ronald": "ron ronnie",
        "timothy": "tim timmy",
        "walter": "walt wally",
        "philip": "phil phillip",
        "vincent": "vince vinnie",
        "zachary": "zach zack zak",
        "joshua": "josh",
        "nathaniel": "nate",
        "gabriel": "gabe",
        "donald": "don donny",
        "douglas": "doug",
        "gerald": "gerry jerry",
        "leonard": "len lenny",
        "martin": "marty",
        "mitchell": "mitch",
        "russell": "russ",
        "stanley": "stan",
        "deborah": "deb debbie debra",
        "jennifer": "jen jenny jennie",
        "jessica": "jess jessie",
        "kimberly": "kim kimberley",
        "susan": "sue susie suzie",
        "patricia": "patty patsy trish tricia",
        "rebecca": "becky becca",
        "barbara": "barb babs",
        "cynthia": "cindy",
        "victoria": "vicky vicki vickie",
        "dorothy": "dot dottie dolly",
        "theresa": "terri teresa tess",
        "pamela": "pam",
        "jacqueline": "jackie",
        "judith": "judy",
        "abigail": "abby",
        "amanda": "mandy",
        "angela": "angie",
        "stephanie": "steph",
        "samantha": "sammie",
        "christina": "tina chrissy",
    }.items()
    for nick in nicks.split()
}
# Two of these that differ are two persons' names, not one name and its misspelling.
KNOWN_GIVEN_NAMES = sorted((GIVEN_NAMES | set(NICKNAMES.values())) - set(NICKNAMES))
CHINESE_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹"
    "彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
    "石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
)
