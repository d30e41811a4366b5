"""Districts and counties of Zhengzhou, by GB/T 2260 code."""

from services.forms.schema import Choice
from services.forms.words import Words

DIVISIONS = tuple(
    Choice(code, Words(zh, en))
    for code, zh, en in (
        ("410102", "中原区", "Zhongyuan District"),
        ("410103", "二七区", "Erqi District"),
        ("410104", "管城回族区", "Guancheng Hui District"),
        ("410105", "金水区", "Jinshui District"),
        ("410106", "上街区", "Shangjie District"),
        ("410108", "惠济区", "Huiji District"),
        ("410122", "中牟县", "Zhongmu County"),
        ("410181", "巩义市", "Gongyi City"),
        ("410182", "荥阳市", "Xingyang City"),
        ("410183", "新密市", "Xinmi City"),
        ("410184", "新郑市", "Xinzheng City"),
        ("410185", "登封市", "Dengfeng City"),
    )
)
