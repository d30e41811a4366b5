"""Code lists of a service item, as the national standards write them: the value is the code, the label for people.

E1…E19 name the lists of GB/T 39046-2020 (annex A) and of the national exchange tables.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ItemType(models.TextChoices):
    """E1 事项类型 (GB/T 39046 A.1)."""

    POWER = "00", _("Administrative power")
    LICENCE = "01", _("Administrative licence")
    PENALTY = "02", _("Administrative penalty")
    COERCION = "03", _("Administrative coercion")
    LEVY = "04", _("Administrative levy")
    PAYMENT = "05", _("Administrative payment")
    INSPECTION = "06", _("Administrative inspection")
    CONFIRMATION = "07", _("Administrative confirmation")
    REWARD = "08", _("Administrative reward")
    RULING = "09", _("Administrative ruling")
    OTHER_POWER = "10", _("Other administrative power")
    PUBLIC_SERVICE = "20", _("Public service")


class UseLevel(models.TextChoices):
    """E2 行使层级 (GB/T 39046 A.2)."""

    NATIONAL = "1", _("National level")
    PROVINCIAL = "2", _("Provincial level")
    CITY = "3", _("City level")
    COUNTY = "4", _("County or district level")
    TOWNSHIP = "5", _("Town or street level")
    VILLAGE = "6", _("Village or community level")
    SHARED = "7", _("Managed at several levels")


class PowerSource(models.TextChoices):
    """E3 权力来源."""

    OWN = "1", _("Exercised by law at this level")
    HANDED_DOWN = "2", _("Handed down by the higher level")
    AUTHORISED_ABOVE = "3", _("Authorised by the higher level")
    AUTHORISED_PEER = "4", _("Authorised at the same level")
    ENTRUSTED_ABOVE = "5", _("Entrusted by the higher level")
    ENTRUSTED_PEER = "6", _("Entrusted at the same level")


class BodyKind(models.TextChoices):
    """E4 实施主体性质 (GB/T 39046 A.3)."""

    STATUTORY = "1", _("Statutory authority")
    AUTHORISED = "2", _("Authorised organisation")
    ENTRUSTED = "3", _("Entrusted organisation")
    OTHER = "9", _("Other body")


class LimitUnit(models.TextChoices):
    """E5 时限单位, as the clocks name them."""

    WORKING_DAYS = "working_days", _("working days")
    CALENDAR_DAYS = "calendar_days", _("calendar days")
    WORKING_HOURS = "working_hours", _("working hours")


class Audience(models.TextChoices):
    """E6 服务对象, codes of the national exchange tables."""

    PERSON = "1", _("Natural person")
    COMPANY = "2", _("Enterprise")
    INSTITUTION = "3", _("Public institution")
    SOCIAL = "4", _("Social organisation")
    UNINCORPORATED = "5", _("Unincorporated business")
    AUTHORITY = "6", _("Administrative authority")
    OTHER = "9", _("Other organisation")


class HandlingKind(models.TextChoices):
    """E7 办件类型 (GB/T 39046 A.6)."""

    ON_THE_SPOT = "1", _("Handled on the spot")
    PROMISED = "2", _("Handled within a promised time")
    OTHER = "9", _("Other handling")


class ReviewKind(models.TextChoices):
    """事项审查类型."""

    AT_ONCE = "at_once", _("Reviewed and decided at once")
    REVIEW_FIRST = "review_first", _("Reviewed first, then decided")


class HandlingForm(models.TextChoices):
    """E8 办理形式 (GB/T 39046 A.5)."""

    WINDOW = "1", _("At the window")
    ONLINE = "2", _("Online on a computer")
    MOBILE = "3", _("Online on a phone")
    POST = "4", _("By post or courier")
    OTHER = "9", _("Another way")


class PlaceKind(models.TextChoices):
    """E9 受理地点分类."""

    SERVICE_CENTRE = "1", _("Government service hall")
    DEPARTMENT_WINDOW = "2", _("The department's own window")
    OFFICE = "3", _("Office of the department")
    SCENE = "4", _("Where the case happened")
    AGENCY = "5", _("Service agency point")
    CONVENIENCE = "6", _("Neighbourhood service centre")


class ContactWay(models.TextChoices):
    """E10 咨询与投诉方式."""

    WINDOW = "1", _("Ask at the window")
    ONLINE = "2", _("Ask online")
    PHONE = "3", _("Ask by phone")
    LETTER = "4", _("Ask by letter")
    EMAIL = "5", _("Ask by e-mail")


class VersionState(models.TextChoices):
    """E11 事项状态."""

    IN_USE = "1", _("In use")
    SUSPENDED = "2", _("Suspended")
    RETIRED = "3", _("Retired")
    DRAFT = "4", _("Draft")


class ServiceArea(models.TextChoices):
    """E12 通办范围."""

    COUNTRY = "1", _("Anywhere in the country")
    PROVINCE = "2", _("Anywhere in the province")
    CITY = "3", _("Anywhere in the city")
    COUNTY = "4", _("Anywhere in the county or district")
    TOWN = "5", _("Anywhere in the town or street")
    VILLAGES = "6", _("Across villages")


class OnlineDepth(models.TextChoices):
    """E13 网上办理深度; several apply to one item."""

    ADVICE = "1", _("Advice online")
    INTAKE = "2", _("Papers received online")
    PRECHECK = "3", _("Pre-check online")
    ACCEPTANCE = "4", _("Acceptance online")
    HANDLING = "5", _("Handled online")
    RESULT = "6", _("Result told online")
    E_LICENCE = "7", _("Electronic licence issued")
    OTHER = "9", _("Other online service")


class ResultType(models.TextChoices):
    """E14 审批结果类型."""

    LICENCE = "1", _("Licence or certificate")
    APPROVAL = "2", _("Approval document")
    OTHER = "3", _("Other result")
    NONE = "4", _("No paper")


class DocumentKind(models.TextChoices):
    """E16 材料类型 (national)."""

    CERTIFICATE = "1", _("Licence, certificate or proof")
    FORM = "2", _("Application form or document")
    OTHER = "3", _("Other document")


class CopyKind(models.TextChoices):
    """E16 as some systems use it: what is shown at the window."""

    ORIGINAL = "1", _("Original")
    COPY = "2", _("Copy")
    BOTH = "3", _("Original and copy")


class DocumentForm(models.TextChoices):
    """E17 材料形式, with the two values that say an applicant need not bring it."""

    PAPER = "1", _("On paper")
    ELECTRONIC = "2", _("Electronic")
    EITHER = "3", _("Paper or electronic")
    FETCHED = "4", _("Fetched by the office; nothing to submit")
    FETCHED_ELSE_SUBMITTED = "5", _("Fetched by the office; submit only if the data is incomplete")


class Necessity(models.TextChoices):
    """E18 必要性."""

    REQUIRED = "1", _("Required")
    OPTIONAL = "2", _("Not required")
    DEFERRABLE = "3", _("May follow later")


class MaterialSource(models.TextChoices):
    """E19 来源渠道. A document with source 20 is one the government already issued."""

    APPLICANT = "10", _("Prepared by the applicant")
    GOVERNMENT = "20", _("Issued by a government department")
    INTERMEDIARY = "30", _("Issued by an intermediary agency")
    OTHER = "99", _("From elsewhere")


#: Extensions a document may be handed in with; what each is checked for is the documents' business.
FILE_KINDS = ("pdf", "jpg", "png", "docx", "xlsx")


class ItemLevel(models.TextChoices):
    """The three levels of the item tree: 主项, 子项, 业务办理项."""

    MAIN = "main", _("Main item")
    SUB = "sub", _("Sub-item")
    HANDLING = "handling", _("Handling item")


class DecisionPlace(models.TextChoices):
    """Where the decision of a case is made."""

    HERE = "here", _("Decided in this system")
    OUTSIDE = "outside", _("Decided in an outside system")


class ClockStart(models.TextChoices):
    """The event that starts the limits of an item."""

    ACCEPTANCE = "acceptance", _("From acceptance")
    RECEIPT = "receipt", _("From receipt of the application")


class RegionSetting(models.TextChoices):
    """What a region may enact beyond the law; none holds by default, and none without its citation."""

    PRE_CHECK = "pre_check", _("Pre-check of online applications")
    ON_THE_SPOT_NOTICE = "on_the_spot_notice", _("One-time notice on the spot at the window")
    OVERDUE_CORRECTION_WITHDRAWN = "overdue_correction_withdrawn", _("Overdue correction counts as a withdrawal")
    OVERDUE_DEFERRED_WITHDRAWN = "overdue_deferred_withdrawn", _("Overdue deferred document counts as a withdrawal")
    TACIT_APPROVAL = "tacit_approval", _("Tacit approval")


class BasisKind(models.TextChoices):
    """What a cited rule is the basis of."""

    SETTING = "setting", _("Basis of the item")
    LIMIT = "limit", _("Basis of a time limit")
    PROCEDURE = "procedure", _("Basis of the procedure")
    FEE = "fee", _("Basis of a fee")
    PAUSE = "pause", _("Basis of a pause")


class StepKind(models.TextChoices):
    """Stages every guide shows: 收件 受理 审核 审批 制证 办结 送达."""

    RECEIVE = "receive", pgettext_lazy("stage of the procedure", "Receive")
    ACCEPT = "accept", pgettext_lazy("stage of the procedure", "Accept")
    REVIEW = "review", pgettext_lazy("stage of the procedure", "Review")
    DECIDE = "decide", pgettext_lazy("stage of the procedure", "Decide")
    ISSUE = "issue", pgettext_lazy("stage of the procedure", "Issue")
    CLOSE = "close", pgettext_lazy("stage of the procedure", "Close")
    DELIVER = "deliver", pgettext_lazy("stage of the procedure", "Deliver")


class QuestionKind(models.TextChoices):
    """How a question about the situation is answered."""

    YES_NO = "yes_no", _("Yes or no")
    CHOICE = "choice", _("One of several")
    MULTI_CHOICE = "multi_choice", _("Any of several")
    NUMBER = "number", _("A number")
    DATE = "date", _("A date")


class StopKind(models.TextChoices):
    """Why an application need not or cannot be made."""

    PROHIBITED = "prohibited", _("The law forbids it")
    NOT_NEEDED = "not_needed", _("No licence is needed")
    NOT_COMPETENT = "not_competent", _("Another body is competent")


class PersonTheme(models.TextChoices):
    """E15 自然人办事主题."""

    BIRTH = "005", _("Birth and adoption")
    HOUSEHOLD = "010", _("Household registration")
    FAITH = "015", _("Ethnic and religious affairs")
    EDUCATION = "020", _("Education and research")
    ENLISTMENT = "025", _("Military enlistment")
    WORK = "030", _("Work and self-employment")
    SET_UP = "035", _("Setting up and changing a business")
    PERMITS = "040", _("Permits to operate")
    MORTGAGE = "045", _("Mortgage and pledge")
    PROFESSION = "050", _("Professional qualification")
    PAYMENTS = "055", _("Administrative payments")
    MARRIAGE = "060", _("Marriage registration")
    SPECIAL_CARE = "065", _("Special care and pensions")
    BUILDING = "070", _("Planning and building")
    HOUSING = "075", _("Housing")
    SOCIAL_SECURITY = "085", _("Social security")
    IDENTITY = "090", _("Identity documents")
    TRAVEL = "095", _("Transport")
    TOURISM = "100", _("Tourism")
    BORDER = "105", _("Entry and exit")
    CONSUMER = "110", _("Consumer rights")
    SAFETY = "115", _("Public safety")
    JUSTICE = "120", _("Justice and notaries")
    INTELLECTUAL = "125", _("Intellectual property")
    ENVIRONMENT = "130", _("Environment and greenery")
    CULTURE = "135", _("Culture and sport")
    UTILITIES = "140", _("Public utilities")
    HEALTH = "145", _("Medical care")
    RETIREMENT = "150", _("Retirement")
    DEATH = "155", _("Death and burial")
    LOCAL = "998", _("Local speciality")
    OTHER = "999", _("Other theme")


class LegalTheme(models.TextChoices):
    """E15 法人办事主题 (codes before 070 follow the usual order and are not confirmed by a seen source)."""

    SET_UP = "005", _("Setting up and changing a business")
    PERMITS = "010", _("Permits to operate")
    QUALIFICATION = "015", _("Qualification of companies")
    YEARLY = "020", _("Yearly inspection")
    TAX = "025", _("Tax and finance")
    STAFF = "030", _("Human resources")
    SOCIAL_SECURITY = "035", _("Social security")
    INVESTMENT = "040", _("Investment approval")
    FINANCING = "045", _("Financing and credit")
    MORTGAGE = "050", _("Mortgage and pledge")
    TRADE = "055", _("Commerce and trade")
    TENDER = "060", _("Tenders and auctions")
    CUSTOMS = "065", _("Customs and ports")
    FOREIGN = "070", _("Foreign-related services")
    FARMING = "075", _("Farming, forestry and fishery")
    BUILDING = "085", _("Land and building")
    TRANSPORT = "090", _("Transport")
    ENVIRONMENT = "095", _("Environment and greenery")
    CLIMATE = "100", _("Climate change")
    WATER = "105", _("Water and weather")
    HEALTH = "110", _("Medical care")
    TECHNOLOGY = "115", _("Science and innovation")
    CULTURE = "120", _("Culture, sport and education")
    INTELLECTUAL = "125", _("Intellectual property")
    FAITH = "130", _("Ethnic and religious affairs")
    QUALITY = "135", _("Quality and technology")
    QUARANTINE = "140", _("Inspection and quarantine")
    WORK_SAFETY = "145", _("Work safety")
    FIRE = "150", _("Police and fire protection")
    JUSTICE = "155", _("Justice and notaries")
    UTILITIES = "160", _("Public utilities")
    CLOSING = "165", _("Closing a business")
    ARCHIVES = "170", _("Archives and cultural relics")
    LOCAL = "998", _("Local speciality")
    OTHER = "999", _("Other theme")
