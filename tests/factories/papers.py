"""Facts for a paper of every kind, as the cases give them: bilingual where words, fictitious throughout."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
AT = dt.datetime(2026, 10, 12, 9, 30, tzinfo=SHANGHAI)


def _pair(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


HOLDER = {"name": "郑州市中原区知味小馆（演示）", "kind": "organisation", "id_number": "91410100MA0000007G"}
SERVICE = _pair("食品经营许可（餐饮服务）新办", "Food business licence (catering), new")
APPLICATION = {
    "holder": HOLDER,
    "service": SERVICE,
    "application_number": "410100-20261009-000001",
    "submitted_on": dt.date(2026, 10, 9),
}
REMEDIES = {
    "reconsideration": _pair("郑州市中原区人民政府（演示）", "the People's Government of Zhongyuan District (demo)"),
    "court": _pair("郑州铁路运输法院（演示）", "the Zhengzhou Railway Transport Court (demo)"),
}
CONTACT = _pair(
    "0371-00000000（演示），中原区政务服务大厅3号窗口", "0371-00000000 (demo), Zhongyuan service hall, window 3"
)
MATERIALS = [
    {"name": _pair("食品经营许可申请书", "Application for a food business licence")},
    {"name": _pair("营业场所布局图、操作流程图", "Layout plan and process chart")},
    {"name": _pair("营业执照", "Business licence"), "form": _pair("部门共享核验", "Verified by data sharing")},
]

FACTS: dict[str, dict[str, Any]] = {
    "receipt": {
        **APPLICATION,
        "service": _pair("开办餐饮店（一件事）", "Open a restaurant (one-stop)"),
        "submitted_at": AT,
        "services": [
            {"service": SERVICE, "department": _pair("中原区市场监督管理局", "Market Regulation Bureau")},
            {
                "service": _pair("公众聚集场所投入使用、营业前消防安全检查", "Fire-safety check before opening"),
                "department": _pair("中原区消防救援大队", "Fire and Rescue Brigade"),
            },
        ],
        "materials": MATERIALS,
        "next_step": _pair(
            "综合窗口将核对材料是否齐全，结果会发送到您的消息中心。",
            "The counter now checks that everything is complete; you will find the result in your inbox.",
        ),
        "contact": CONTACT,
    },
    "acceptance_notice": {
        **APPLICATION,
        "accepted_at": AT,
        "limit": _pair("自受理之日起5个工作日（承诺）", "5 working days from acceptance (promised)"),
        "statutory_limit": _pair("10个工作日", "10 working days"),
        "due_on": dt.date(2026, 10, 19),
        "fee": _pair("不收费", "None"),
        "materials": MATERIALS,
        "contact": CONTACT,
    },
    "supplement_notice": {
        **APPLICATION,
        "missing": [
            {
                "material": _pair("营业场所布局图", "Layout plan"),
                "reason": _pair(
                    "未标注食品处理区与就餐区的面积。", "The areas for preparing and for eating are not marked."
                ),
                "how": _pair("请标注各区域面积后重新上传。", "Mark the size of each area and upload it again."),
            },
            {
                "material": _pair("从业人员健康证明", "Health certificates of the staff"),
                "reason": _pair("缺少2名厨师的健康证明。", "Those of two cooks are missing."),
                "how": _pair("请补交2名厨师的健康证明。", "Add the two certificates."),
            },
        ],
        "contact": CONTACT,
    },
    "not_competent_notice": {
        **APPLICATION,
        "reason": _pair("经营场所位于二七区", "The premises lie in Erqi District."),
        "right_body": _pair("二七区市场监督管理局（演示）", "Market Regulation Bureau of Erqi District (demo)"),
        "right_body_contact": _pair(
            "二七区政务服务大厅，0371-00000001（演示）", "Erqi service hall, 0371-00000001 (demo)"
        ),
        "remedies": REMEDIES,
    },
    "not_supplied_notice": {
        **APPLICATION,
        "asked_on": dt.date(2026, 8, 20),
        "missing": [
            {
                "material": _pair("营业场所布局图", "Layout plan"),
                "reason": _pair("请标注各区域面积后重新上传。", "Mark the size of each area and upload it again."),
            },
        ],
        "reason": _pair("经两次电话联系，您表示暂不办理。", "You told us twice by telephone that it can wait."),
        "remedies": REMEDIES,
    },
    "extension_notice": {
        **APPLICATION,
        "accepted_at": AT,
        "reason": _pair("现场核查需要等待设备安装完成", "the site check must wait until equipment is installed"),
        "approved_by": _pair("本局负责人", "the head of this bureau"),
        "extension": _pair("5个工作日", "5 working days"),
        "old_due_on": dt.date(2026, 10, 26),
        "new_due_on": dt.date(2026, 11, 2),
        "contact": CONTACT,
    },
    "pause_notice": {
        **APPLICATION,
        "procedure": _pair("专家评审", "expert review"),
        "begins_on": dt.date(2026, 10, 13),
        "planned": _pair("8个工作日", "8 working days"),
        "reason": _pair("消防设计采用新材料", "the fire design uses a new material"),
    },
    "deferred_notice": {
        **APPLICATION,
        "missing": [{"material": _pair("食品安全规章制度", "Food-safety rules")}],
        "due_on": dt.date(2026, 10, 19),
        "promise": _pair("本人承诺按期补交。", "I promise to hand it in in time."),
        "consequence": _pair("期限届满后由窗口与您联系。", "The window contacts you when the time is over."),
    },
    "withdrawal_notice": {
        **APPLICATION,
        "asked_on": dt.date(2026, 8, 20),
        "due_on": dt.date(2026, 10, 9),
        "rule": _pair("演示条例第一条", "Demo Regulation, art. 1"),
        "remedies": REMEDIES,
    },
    "hearing_notice": {
        **APPLICATION,
        "held_on": dt.date(2026, 10, 28),
        "place": "政务服务大厅（演示地址）三楼听证室",
    },
    "renewal_notice": {
        **APPLICATION,
        "outcome": _pair("视为准予延续", "Renewed by law"),
        "valid_until": dt.date(2031, 10, 28),
        "rule": _pair("《中华人民共和国行政许可法》第五十条", "Administrative Licensing Law, art. 50"),
    },
    "decision_grant": {
        **APPLICATION,
        "title": _pair("准予行政许可决定书", "Decision to grant an administrative licence"),
        "accepted_at": AT,
        "granted": _pair("食品经营许可", "the food business licence"),
        "content": [
            {"label": _pair("经营场所", "Premises"), "value": "郑州市中原区建设西路000号（演示地址）"},
            {
                "label": _pair("经营项目", "Business items"),
                "value": _pair("热食类食品制售、冷食类食品制售", "Hot dishes, cold dishes"),
            },
        ],
        "certificate": _pair("《食品经营许可证》", "the Food Business Licence"),
        "conditions": [
            _pair("按照核准的布局经营，改变布局前办理变更。", "Keep to the approved layout; apply before changing it.")
        ],
        "contact": CONTACT,
    },
    "decision_refuse": {
        **APPLICATION,
        "title": _pair("不予行政许可决定书", "Decision not to grant an administrative licence"),
        "accepted_at": AT,
        "reasons": [
            _pair(
                "现场核查发现食品处理区与卫生间相连，不符合《食品安全法》第三十三条第一款第一项的要求。",
                "The preparation area is joined to a toilet, contrary to Food Safety Law, article 33(1)(1).",
            ),
            _pair("未设置独立的冷食专间。", "There is no separate room for cold dishes."),
        ],
        "refused": _pair("食品经营许可", "the food business licence"),
        "may_apply_again": _pair(
            "整改完成后，您可以重新提出申请。", "Once this has been put right you may apply again."
        ),
        "remedies": REMEDIES,
        "contact": CONTACT,
    },
    "withdrawal_receipt": {
        **APPLICATION,
        "items": [{"name": SERVICE, "department": _pair("中原区市场监督管理局", "Market Regulation Bureau")}],
        "withdrawn_at": AT,
    },
    "fee_notice": {
        **APPLICATION,
        "fee": _pair("不动产登记费（住宅）", "Registration fee (residential)"),
        "rate": _pair("每件八十元", "80 yuan per case"),
        "fee_basis": _pair("发改价格规〔2016〕2559号", "Fagaijiagegui 2016 No. 2559"),
        "amount": _pair("80.00元", "80.00 yuan"),
        "payment_number": "JF-2026-000001",
        "waits": True,
    },
    "fee_receipt": {
        **APPLICATION,
        "fee": _pair("不动产登记费（住宅）", "Registration fee (residential)"),
        "fee_basis": _pair("发改价格规〔2016〕2559号", "Fagaijiagegui 2016 No. 2559"),
        "amount": _pair("80.00元", "80.00 yuan"),
        "paid_at": AT,
        "payment_number": "JF-2026-000001",
        "gateway_number": "DEMO-20261012-000001",
    },
    "certificate": {
        "holder": HOLDER,
        "title": _pair("食品经营许可证", "Food Business Licence"),
        "fields": [
            {"label": _pair("法定代表人（负责人）", "Legal representative"), "value": "张伟（演示）"},
            {"label": _pair("经营场所", "Premises"), "value": "郑州市中原区建设西路000号（演示地址）"},
            {
                "label": _pair("主体业态", "Type of business"),
                "value": _pair("餐饮服务经营者（小型餐馆）", "Caterer (small restaurant)"),
            },
            {
                "label": _pair("经营项目", "Business items"),
                "value": _pair("热食类食品制售；冷食类食品制售", "Hot dishes; cold dishes"),
            },
        ],
        "valid_from": dt.date(2026, 10, 12),
        "valid_until": dt.date(2031, 10, 11),
        "basis": [_pair("《中华人民共和国食品安全法》第三十五条", "Food Safety Law, article 35")],
    },
    "filing_receipt": {
        **APPLICATION,
        "service": _pair("仅销售预包装食品备案", "Filing for the sale of pre-packaged food only"),
        "fields": [
            {"label": _pair("备案人", "Filed by"), "value": "郑州市中原区知味小馆（演示）"},
            {"label": _pair("销售方式", "Way of selling"), "value": _pair("门店销售", "In a shop")},
            {"label": _pair("备案日期", "Filed on"), "value": dt.date(2026, 10, 12)},
        ],
        "basis": [_pair("《中华人民共和国食品安全法》第三十五条", "Food Safety Law, article 35")],
        "contact": CONTACT,
    },
    "closing_notice": {
        **APPLICATION,
        "service": _pair("开办餐饮店（一件事）", "Open a restaurant (one-stop)"),
        "outcome": "partial",
        "results": [
            {
                "service": SERVICE,
                "department": _pair("中原区市场监督管理局", "Market Regulation Bureau"),
                "result": _pair("准予许可", "Granted"),
                "number": "演示郑市监准〔2026〕00001号",
                "decided_on": dt.date(2026, 10, 16),
            },
            {
                "service": _pair("公众聚集场所消防安全检查", "Fire-safety check"),
                "department": _pair("中原区消防救援大队", "Fire and Rescue Brigade"),
                "result": _pair("不予许可", "Not granted"),
                "number": "演示郑消不准〔2026〕00001号",
                "decided_on": dt.date(2026, 10, 19),
            },
        ],
        "contact": CONTACT,
    },
    "delivery_receipt": {
        "holder": HOLDER,
        "papers": [
            {"title": _pair("准予行政许可决定书", "Decision to grant"), "number": "演示郑市监准〔2026〕00001号"},
            {"title": _pair("食品经营许可证", "Food Business Licence"), "number": "演示-SCJG-2026-00001"},
        ],
        "channel": _pair("窗口领取", "Collected at the counter"),
        "delivered_at": AT,
        "collected_by": "张*",
        "proof": _pair("已核对居民身份证原件", "Resident identity card checked"),
        "counter": True,
    },
}
