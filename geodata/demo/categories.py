"""The two-level catalogue of issues (大类、小类), with what residents write about each.

Time limits are calendar time: a working day counts as a day, more than a week's worth of working
days includes the week-ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

Kind = Literal["event", "object"]
Ground = Literal["any", "urban", "rural"]


@dataclass(frozen=True, slots=True)
class Small:
    """A small class: names, time from filing to closing, who leads, texts, how often.

    In ``texts`` (title, detail), {place} is the compound or community. ``ground`` says where it
    happens: in the towns' seats, in the country, or anywhere.
    """

    name_zh: str
    name_en: str
    kind: Kind
    limit: timedelta
    lead: str
    texts: tuple[tuple[str, str], ...]
    weight: float = 1.0
    ground: Ground = "any"


@dataclass(frozen=True, slots=True)
class Large:
    """A large class and its small ones."""

    code: str
    name_zh: str
    name_en: str
    kind: Kind
    small: tuple[Small, ...]


def _days(count: float) -> timedelta:
    return timedelta(days=count)


def _hours(count: float) -> timedelta:
    return timedelta(hours=count)


_CITY, _HOUSING, _POLICE = "县城市管理局", "县住房和城乡建设局", "县公安局"
_ENVIRONMENT, _FIRE, _CIVIL = "县生态环境分局", "县消防救援大队", "县民政局"
_ROADS, _WATER, _MARKET = "县交通运输局", "县水利局", "县市场监督管理局"

CATALOGUE: tuple[Large, ...] = (
    Large("01", "市容环境", "Street cleanliness", "event", (
        Small("暴露垃圾", "Exposed rubbish", "event", _days(1), _CITY, (
            ("{place}垃圾桶满溢未清运",
             "{place}入口处垃圾桶已满两天，垃圾散落路面，有异味，请尽快清运。"),
            ("{place}路边堆放生活垃圾",
             "巡查发现路边有成袋生活垃圾，附近居民反映多次有人夜间倾倒。"),
        ), 3.0),
        Small("建筑垃圾", "Construction waste", "event", _days(6), _CITY, (
            ("{place}装修垃圾乱堆",
             "住户装修产生的砖块和水泥袋堆在绿化带旁，占用通道，下雨后泥水横流。"),
            ("{place}空地偷倒渣土", "空地上有约两车渣土，疑似夜间偷倒，已拍照取证。"),
        ), 1.6),
        Small("道路不洁", "Dirty road", "event", _hours(5), _CITY, (
            ("{place}门前道路泥土较多", "施工车辆带泥上路，约五十米路面有积土，车辆经过扬尘明显。"),
        ), 1.2),
        Small("占道经营", "Street vending in the way", "event", _hours(8), _CITY, (
            ("{place}门口占道摆摊", "早晚高峰有流动摊贩占用人行道，行人只能走机动车道。"),
        ), 1.0, "urban"),
        Small("乱贴小广告", "Fly-posting", "event", _days(2), _CITY, (
            ("{place}楼道小广告多", "单元门和楼道墙面贴满开锁、贷款小广告，建议集中清理。"),
        ), 0.8, "urban"),
    )),
    Large("02", "公共设施", "Public facilities", "object", (
        Small("井盖破损", "Broken manhole cover", "object", _hours(24), _HOUSING, (
            ("{place}井盖松动异响",
             "车辆经过井盖时声响很大，边缘已破损，夜间影响休息并有安全隐患。"),
            ("{place}雨水井盖缺失", "雨水井盖缺失，已用树枝临时警示，请尽快补装。"),
        ), 1.3),
        Small("路灯不亮", "Street light out", "object", _days(3), _CITY, (
            ("{place}连续三盏路灯不亮", "从路口往里三盏路灯不亮已有一周，老人晚上出行不便。"),
        ), 1.6),
        Small("健身器材损坏", "Broken exercise equipment", "object", _days(7), "县文化旅游体育局", (
            ("{place}健身器材松动", "漫步机踏板脱焊，已有儿童摔倒，建议先停用再维修。"),
        ), 0.7, "urban"),
        Small("管道漏水", "Leaking pipe", "object", _days(2), "县供水公司", (
            ("{place}自来水管漏水", "路面有清水渗出，疑似地下供水管破裂，水流一直不停。"),
        ), 1.0),
        Small("无障碍设施损坏", "Broken barrier-free access", "object", _days(10), _HOUSING, (
            ("{place}无障碍坡道破损", "坡道表面破碎、扶手松动，轮椅无法通行。"),
        ), 0.4, "urban"),
    )),
    Large("03", "道路交通", "Roads and traffic", "object", (
        Small("路面坑洼", "Potholes", "object", _days(10), _ROADS, (
            ("{place}进村道路坑洼", "进村水泥路有多处坑洼，最深处约十厘米，摩托车容易摔倒。"),
            ("{place}路面塌陷", "路面局部塌陷约一平方米，周边有裂缝，已摆放警示锥。"),
        ), 1.5),
        Small("护栏损坏", "Damaged guard rail", "object", _days(7), _ROADS, (
            ("{place}临崖护栏缺失", "弯道外侧护栏被撞断约四米，下方为深沟，请优先处理。"),
        ), 0.8, "rural"),
        Small("车辆乱停", "Obstructive parking", "event", _hours(4), _POLICE, (
            ("{place}消防通道被车辆占用", "两辆小车长期停放在消防通道上，联系车主未果。"),
        ), 1.4, "urban"),
        Small("边坡落石", "Rockfall", "event", _hours(6), _ROADS, (
            ("{place}路段边坡落石", "雨后边坡有碎石滚落，占用半幅路面，已提醒过往车辆绕行。"),
        ), 0.8, "rural"),
    )),
    Large("04", "房屋物业", "Housing and property", "event", (
        Small("违法搭建", "Illegal building", "event", _days(21), _CITY, (
            ("{place}楼顶搭建阳光房", "顶楼住户正在浇筑楼板，邻居担心承重和漏水，要求制止。"),
            ("{place}一楼圈占绿地", "一楼住户用围栏圈占公共绿地种菜，劝说无效。"),
        ), 1.2),
        Small("危房隐患", "Dangerous house", "event", _days(7), _HOUSING, (
            ("{place}老屋墙体开裂", "土坯老屋后墙开裂倾斜，汛期临近，屋内仍有一位老人居住。"),
        ), 0.7, "rural"),
        Small("电梯故障", "Lift out of order", "object", _hours(24), _MARKET, (
            ("{place}电梯频繁停运", "本月电梯第三次停运，高层老人下不了楼，物业答复等配件。"),
        ), 0.9, "urban"),
        Small("物业服务不到位", "Poor property management", "event", _days(15), _HOUSING, (
            ("{place}物业保洁不到位",
             "楼道半个月未打扫，垃圾分类点无人管理，业主要求物业公开保洁安排。"),
        ), 1.3, "urban"),
        Small("屋面渗漏", "Leaking roof", "object", _days(15), _HOUSING, (
            ("{place}顶楼屋面渗水", "连续下雨后顶楼三户天花板渗水，申请使用维修资金。"),
        ), 0.7, "urban"),
    )),
    Large("05", "安全隐患", "Safety hazards", "event", (
        Small("消防隐患", "Fire hazard", "event", _hours(24), _FIRE, (
            ("{place}楼道停放电动车充电", "楼道内有电动车飞线充电，插线板裸露，存在火灾隐患。"),
            ("{place}消火栓无水", "检查发现室外消火栓无水，阀门锈死。"),
        ), 1.6),
        Small("山洪地质隐患", "Flood or landslide risk", "event", _hours(12), "县应急管理局", (
            ("{place}屋后山体有裂缝", "强降雨后屋后山坡出现新裂缝，长约六米，已通知三户临时转移。"),
        ), 0.8, "rural"),
        Small("用电隐患", "Electrical hazard", "object", _hours(24), "县供电公司", (
            ("{place}电线垂落", "低压线被树枝压低，离地不足两米，请派人处理。"),
        ), 1.0),
        Small("燃气隐患", "Gas hazard", "event", _hours(2), "县燃气公司", (
            ("{place}疑似燃气泄漏", "楼道内有明显燃气味，已提醒住户关阀开窗。"),
        ), 0.3, "urban"),
        Small("临水防护缺失", "Unfenced water", "object", _days(7), _WATER, (
            ("{place}水塘无护栏", "当家塘边无护栏和警示牌，暑期常有孩子玩水。"),
        ), 0.8, "rural"),
    )),
    Large("06", "生态环境", "Environment", "event", (
        Small("油烟扰民", "Cooking fumes", "event", _days(10), _ENVIRONMENT, (
            ("{place}楼下餐馆油烟扰民", "楼下餐馆排烟口正对居民窗户，油烟净化器长期不开。"),
        ), 0.9, "urban"),
        Small("噪声扰民", "Noise", "event", _days(2), _POLICE, (
            ("{place}夜间施工噪声", "工地夜里十一点后仍在浇筑，影响周边居民休息。"),
            ("{place}广场舞音响过大",
             "每晚广场舞音响声音过大，附近有初三学生，希望协调时间和音量。"),
        ), 1.3),
        Small("河道污染", "River pollution", "event", _days(3), _ENVIRONMENT, (
            ("{place}河面有漂浮物", "河面漂浮大量塑料瓶和水草，靠近取水口，请组织打捞。"),
        ), 0.8),
        Small("露天焚烧", "Open burning", "event", _hours(2), _ENVIRONMENT, (
            ("{place}田间焚烧秸秆", "田间有浓烟，已到场劝阻并用水浇灭，提请加强巡查。"),
        ), 0.8, "rural"),
    )),
    Large("07", "民生服务", "People's livelihood", "event", (
        Small("独居老人关爱", "Care for people living alone", "event", _days(3), _CIVIL, (
            ("{place}独居老人需要上门照料", "独居老人腿脚不便，希望安排助餐和定期探访。"),
        ), 0.9),
        Small("困难救助", "Hardship relief", "event", _days(15), _CIVIL, (
            ("{place}家庭因病致困申请救助", "家中主要劳动力住院，医疗支出较大，申请临时救助。"),
        ), 0.6),
        Small("政策咨询", "Question about a policy", "event", _days(1), "县人力资源和社会保障局", (
            ("{place}咨询医保缴费办理", "外出务工人员咨询城乡居民医保补缴办法，希望网上办理。"),
        ), 0.7),
        Small("用水困难", "Water shortage", "event", _days(7), _WATER, (
            ("{place}旱期饮水困难", "连续无雨，山泉断流，十余户用水困难，申请送水。"),
        ), 0.6, "rural"),
    )),
    Large("08", "矛盾纠纷", "Disputes", "event", (
        Small("邻里纠纷", "Quarrel between neighbours", "event", _days(7), "县司法局", (
            ("{place}邻里漏水纠纷", "楼上卫生间漏水，双方对维修费用有争议，申请社区调解。"),
        ), 1.0),
        Small("土地山林纠纷", "Land or forest dispute", "event", _days(30), "县自然资源和规划局", (
            ("{place}山场界址争议", "两户对毛竹山界址有争议，老证四至不清，已劝双方停止采伐。"),
        ), 0.6, "rural"),
        Small("劳资纠纷", "Wage dispute", "event", _days(15), "县人力资源和社会保障局", (
            ("{place}工程欠薪", "七名务工人员反映工程结束三个月未结清工资。"),
        ), 0.4),
    )),
)  # fmt: skip
