"""Invented names of places and people, made of the parts that such names are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SURNAMES = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万钱覃武戴储项俞闵"
)
_GIVEN_FIRST = tuple(
    "建国志文明德永家世春秀玉海金先传正立光宏学成绍启维克继云晓雨思子佳欣梦俊宇浩若诗亚丽桂美"
)
_GIVEN_LAST = tuple(
    "华平军勇强涛伟刚斌辉峰林波飞鹏亮杰超兵荣贵才发友生山田仁义礼信芳英兰梅霞燕红玲娟琴莉静敏颖慧婷琪怡然"
)

_LAND = (
    *"湾冲畈岭塘店桥岗洼坪铺坳坦院庄楼堰圩庙沟坝冈",
    *("老屋", "新屋", "大屋", "祠堂", "河湾", "冲口"),
)
_TRAITS = tuple(
    "大小上下前后东西南北青白黄黑红高长双三九龙凤虎马牛石松竹梅桃梨栗枫柳桐樟茶莲清响乌"
)
_FEATURES = (
    *"河湾冲畈岭塘店桥岗洼坪铺坳堰沟坝泉潭洞尖崖滩涧",
    *("树湾", "石冲", "水塘", "山头", "竹园", "茶园", "草坪"),
)

_ESTATE_FIRST = (
    "阳光", "锦绣", "金色", "翡翠", "滨河", "江南", "世纪",
    "丽景", "东方", "水岸", "华府", "龙湖", "凤凰", "紫金",
    "玉兰", "桂花", "香樟", "梧桐", "幸福", "和谐", "安康",
    "迎驾", "衡山", "淠河", "佛岭", "文峰", "书香", "学府",
    "御景", "嘉和", "天润", "瑞景", "清华", "景园", "山水", "碧桂", "中央", "城南", "新城", "望岳",
)  # fmt: skip
_ESTATE_LAST = (
    "花园", "家园", "小区", "名苑", "新村", "嘉园", "雅苑",
    "公馆", "佳苑", "华庭", "豪庭", "名城", "丽都", "花苑",
    "新苑", "景苑", "馨苑", "人家", "名邸", "府邸", "广场", "苑",
)  # fmt: skip

_URBAN = (
    "文峰", "中兴", "东岳", "南岳", "西街", "北街", "衡山",
    "迎驾", "幸福", "新城", "滨河", "城南", "城北", "城东",
    "城西", "桥头", "育才", "文昌", "和平", "团结", "光明",
    "前进", "朝阳", "凤凰", "锦江", "龙井", "玉带", "花园",
    "长安", "永安", "福寿", "金桥", "高塔", "学苑", "河滨", "世纪", "振兴", "建设", "胜利", "人民",
)  # fmt: skip


def village_names(count: int, rng: np.random.Generator, taken: Sequence[str] = ()) -> list[str]:
    """Return so many different names of natural villages: 李家湾, 大塘冲."""
    pool = [f"{surname}家{land}" for surname in SURNAMES[:80] for land in _LAND]
    pool += [trait + feature for trait in _TRAITS for feature in _FEATURES if trait != feature]
    return _draw(pool, count, rng, "{name}{number}组", taken)


def estate_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return so many different names of housing estates: 阳光花园."""
    pool = [
        first + last for first in _ESTATE_FIRST for last in _ESTATE_LAST if first[-1] != last[0]
    ]
    return _draw(pool, count, rng, "{name}{number}期")


def community_names(is_urban: Sequence[bool], town: str, rng: np.random.Generator) -> list[str]:
    """Return different names for a town's communities; the first carries the town's name."""
    urban = _draw(list(_URBAN), len(is_urban), rng, "{name}第{number}")
    rural = village_names(len(is_urban), rng)
    names: list[str] = []
    for place, (city, village, in_seat) in enumerate(zip(urban, rural, is_urban, strict=True)):
        name = town[:-1] if place == 0 else city if in_seat else village.removesuffix("家")
        names.append(name + ("社区" if in_seat else "村"))
    return names


def people_names(count: int, rng: np.random.Generator) -> list[str]:
    """Return so many names of people, common surnames more often; some occur twice."""
    rarity = 1.0 / (np.arange(len(SURNAMES)) + 6.0)
    surnames = rng.choice(len(SURNAMES), count, p=rarity / rarity.sum())
    first = rng.integers(0, len(_GIVEN_FIRST), count)
    last = rng.integers(0, len(_GIVEN_LAST), count)
    single = rng.random(count) < 0.12
    return [
        SURNAMES[surname] + ("" if short else _GIVEN_FIRST[one]) + _GIVEN_LAST[two]
        for surname, one, two, short in zip(surnames, first, last, single, strict=True)
    ]


def _draw(
    pool: list[str], count: int, rng: np.random.Generator, again: str, taken: Sequence[str] = ()
) -> list[str]:
    """Draw names without repetition; once the pool is used up, number them."""
    gone = set(taken)
    free = [name for name in dict.fromkeys(pool) if name not in gone]
    names: list[str] = []
    number = 1
    while len(names) < count:
        for place in rng.permutation(len(free))[: count - len(names)]:
            name = free[int(place)]
            names.append(name if number == 1 else again.format(name=name, number=number))
        number += 1
    return names
