{#
  The title of a deal as a list of comparable words: lower case, half width, integers without leading zeros, a Roman or
  Chinese ordinal as its number (Phase II, 第二阶段, 二期 -> 2). A Latin word is a word, a Chinese character is one.
#}
{% macro title_words(column) -%}
list_transform(
    regexp_extract_all(
        {{ single_roman_numerals('lower(nfc_normalize(' ~ half_width(column) ~ '))') }},
        '第?[0-9一二三四五六七八九十]+(?:阶段|标段|批次|季度|年度|号楼|[期批标包区号年月])|项目|工程|商机|[0-9]+'
        || '|[\p{Latin}\p{Greek}\p{Cyrillic}\p{Arabic}\p{Hangul}\p{Devanagari}\p{M}]+|\p{L}'
    ),
    lambda word: case
        when regexp_matches(word, '^第?[0-9一二三四五六七八九十]+.') or regexp_matches(word, '^[0-9]+$')
            then {{ integer_of("regexp_extract(word, '[0-9一二三四五六七八九十]+')") }}
        else coalesce(
            map {
                {%- for roman in ['ii', 'iii', 'iv', 'vi', 'vii', 'viii', 'ix', 'xi', 'xii'] %}
                '{{ roman }}': '{{ [2, 3, 4, 6, 7, 8, 9, 11, 12][loop.index0] }}'{{ ',' if not loop.last }}
                {%- endfor %}
            }[word],
            word
        )
    end
)
{%- endmacro %}

{# 三 and 03 -> 3, 十 -> 10, 二十一 -> 21. #}
{% macro integer_of(numeral) -%}
{%- set tens = [['^十$', '10'], ['^十', '1'], ['十$', '0'], ['十', ''], ['^0+([0-9])', '\\1']] -%}
{%- set ns = namespace(sql=numeral) -%}
{%- for pattern, digit in tens -%}
{%- set ns.sql = "regexp_replace(" ~ ns.sql ~ ", '" ~ pattern ~ "', '" ~ digit ~ "')" -%}
{%- endfor -%}
translate({{ ns.sql }}, '一二三四五六七八九', '123456789')
{%- endmacro %}

{# A single i, v or x is a numeral only after a word such as phase or part. #}
{% macro single_roman_numerals(text) -%}
{%- set ns = namespace(sql=text) -%}
{%- for roman, digit in [['i', '1'], ['v', '5'], ['x', '10']] -%}
{%- set ns.sql = "regexp_replace(" ~ ns.sql ~ ", '\\b(phase|stage|step|part|lot|los|teil)(\\W*)" ~ roman
    ~ "\\b', '\\1\\2" ~ digit ~ "', 'g')" -%}
{%- endfor -%}
{{ ns.sql }}
{%- endmacro %}

{% macro half_width(text) -%}
{%- set ns = namespace(wide='', narrow='') -%}
{%- for start, count in [[48, 10], [65, 26], [97, 26]] -%}
{%- for code in range(start, start + count) -%}
{%- set ns.wide = ns.wide ~ '%c' % (code + 65248) -%}
{%- set ns.narrow = ns.narrow ~ '%c' % code -%}
{%- endfor -%}
{%- endfor -%}
translate({{ text }}, '{{ ns.wide }}', '{{ ns.narrow }}')
{%- endmacro %}

{#
  Words of one title (a list) without a match in the other: neither the word, nor its plural, nor the word with one typo.
  Numbers are compared separately, since a title may omit them.
#}
{% macro unmatched_words(words, other_words) -%}
list_filter(
    {{ words }},
    lambda word: not list_contains({{ other_words }}, word)
    and not regexp_matches(word, '^[0-9]+$')
    and len(list_filter(
        {{ other_words }},
        lambda near: word = near || 's' or near = word || 's'
        or (least(length(word), length(near)) >= 6 and damerau_levenshtein(word, near) <= 1)
    )) = 0
)
{%- endmacro %}
