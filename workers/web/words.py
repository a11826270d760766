"""Every word of the page's interface, in English and in Arabic. A test holds both to one another and to the templates."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final


class Ui(StrEnum):
    """A language of the interface."""

    EN = "en"
    AR = "ar"

    @property
    def direction(self) -> str:
        return "rtl" if self is Ui.AR else "ltr"


WORDS: Final[dict[str, tuple[str, str]]] = {
    # the frame
    "skip": ("Skip to content", "تجاوز إلى المحتوى"),
    "sections": ("Sections", "الأقسام"),
    "flow": ("Flow", "التدفق"),
    "articles": ("Articles", "المقالات"),
    "duplicates": ("Duplicates", "المكررات"),
    "dead": ("Dead letters", "الرسائل الميتة"),
    "search": ("Search", "البحث"),
    "in_other": ("العربية", "English"),
    "footer": (
        "Times are UTC. Of the articles, the page holds the newest ones in memory:",
        "الأوقات بالتوقيت العالمي. تحتفظ الصفحة في الذاكرة بأحدث المقالات:",
    ),
    "of_articles": ("articles of at most", "مقالة من أصل"),
    "of_mb": ("MB of at most", "ميغابايت من أصل"),
    "hours_back": ("hours back", "ساعة إلى الوراء"),
    # the flow
    "flow_lead": (
        "Events since this page's reader began, and how many a second.",
        "عدد الأحداث منذ أن بدأ قارئ هذه الصفحة، وكم حدثا في الثانية.",
    ),
    "per_s": ("/s", "/ث"),
    "raw": ("raw", "الخام"),
    "boilerplate": ("boilerplate", "تنقية النص"),
    "entities": ("entities", "الكيانات"),
    "dedup": ("dedup", "كشف التكرار"),
    "published": ("published", "المنشورة"),
    "rejected": ("rejected", "المرفوضة"),
    "any_stage": ("from any stage", "من أي مرحلة"),
    "arrow_arrived": ("arrived in raw", "وصلت إلى الخام"),
    "arrow_read": ("raw to boilerplate", "من الخام إلى تنقية النص"),
    "arrow_cleaned": ("boilerplate to entities", "من تنقية النص إلى الكيانات"),
    "arrow_tagged": ("entities to dedup", "من الكيانات إلى كشف التكرار"),
    "arrow_published": ("dedup to published", "من كشف التكرار إلى المنشورة"),
    "arrow_duplicates": ("dedup to duplicates", "من كشف التكرار إلى المكررات"),
    "arrow_rejected": ("boilerplate to rejected", "من تنقية النص إلى المرفوضة"),
    "arrow_dead": ("any stage to dead letters", "من أي مرحلة إلى الرسائل الميتة"),
    "workers": ("Consumer groups", "مجموعات المستهلكين"),
    "group": ("Group", "المجموعة"),
    "stages": ("Stages", "المراحل"),
    "members": ("Members", "الأعضاء"),
    "lag": ("Lag", "التأخر"),
    "read_per_s": ("Read a second", "المقروء في الثانية"),
    "not_known": ("not known", "غير معروف"),
    "no_groups": ("No consumer group is known.", "لا تعرف أي مجموعة مستهلكين."),
    "index": ("Index of de-duplication", "فهرس كشف التكرار"),
    "index_held": ("articles remembered, of at most", "مقالة محفوظة من أصل"),
    "index_memory": ("Memory of Redis", "ذاكرة Redis"),
    "no_limit": ("no limit", "بلا حد"),
    "no_index": ("Redis has not answered, or holds no index yet.", "لم يجب Redis، أو ليس فيه فهرس بعد."),
    "problems": ("What is wrong", "ما الخلل"),
    "all_well": ("Kafka and Redis answer.", "Kafka وRedis يجيبان."),
    "starting": ("Asking Kafka and Redis.", "جار سؤال Kafka وRedis."),
    "stale": (
        "The numbers stand still: this page has had no answer for a while.",
        "الأرقام متوقفة: لم تتلق هذه الصفحة جوابا منذ مدة.",
    ),
    # articles
    "newest": ("Newest articles", "أحدث المقالات"),
    "all_topics": ("all", "الكل"),
    "nothing": ("There is nothing here yet.", "لا شيء هنا بعد."),
    "newer": ("Newer", "الأحدث"),
    "older": ("Older", "الأقدم"),
    "pages": ("Pages", "الصفحات"),
    "untitled": ("Without a title", "بلا عنوان"),
    "written": ("written", "كتبت"),
    "text": ("Text", "النص"),
    "cut": (
        "The text is longer: the rest is in the JSON record.",
        "النص أطول من ذلك: بقيته في سجل JSON.",
    ),
    "paywall": (
        "The page shows no more to readers who have not subscribed.",
        "لا تعرض الصفحة أكثر من ذلك لغير المشتركين.",
    ),
    "stub": (
        "This is the beginning; the rest stands on another page.",
        "هذه هي البداية؛ والبقية في صفحة أخرى.",
    ),
    "entities_here": ("Entities", "الكيانات"),
    "no_entities": ("None was found.", "لم يعثر على أي كيان."),
    "times_named": ("times named", "عدد الذكر"),
    "keywords": ("Keywords", "الكلمات المفتاحية"),
    "related": ("Read also", "اقرأ أيضا"),
    "fields": ("Fields", "الحقول"),
    "records": ("Records of this article", "سجلات هذه المقالة"),
    "raw_json": ("The record as JSON", "السجل بصيغة JSON"),
    "download": ("Download", "تنزيل"),
    "source": ("Source", "المصدر"),
    "url": ("Address", "العنوان الشبكي"),
    "canonical_url": ("Canonical address", "العنوان المعتمد"),
    "image": ("Lead image", "الصورة الرئيسية"),
    "lang": ("Language", "اللغة"),
    "published_at": ("Date", "التاريخ"),
    "page_zone": ("on the page with", "في الصفحة بالفارق"),
    "modified_at": ("Changed", "عدلت"),
    "versions": ("Versions of the stages", "إصدارات المراحل"),
    "meta": ("Of the producer", "من المنتج"),
    "id": ("Id", "المعرف"),
    "cluster": ("Story", "القصة"),
    "verdict": ("Verdict", "الحكم"),
    "compare": ("Compare", "قارن"),
    # verdicts
    "relation": ("Relation", "العلاقة"),
    "unique": ("unique", "فريدة"),
    "exact": ("exact copy", "نسخة مطابقة"),
    "near": ("near copy", "نسخة معدلة"),
    "truncated": ("truncated copy", "نسخة مقصوصة"),
    "extended": ("extended copy", "نسخة موسعة"),
    "contained_in": ("contained in", "محتواة في"),
    "revision": ("revision", "تنقيح"),
    "duplicates_lead": (
        "Copies, each beside the article that came before it.",
        "النسخ، كل منها بجانب المقالة التي سبقتها.",
    ),
    "this_one": ("This article", "هذه المقالة"),
    "other_one": ("The earlier one", "المقالة السابقة"),
    "gone": (
        "The earlier article is not among those that the page holds. `khabar dup` looks in the topics:",
        "المقالة السابقة ليست بين ما تحتفظ به الصفحة. الأمر `khabar dup` يبحث في المواضيع:",
    ),
    "marked_words": (
        "Words are marked that stand in no passage of three words or more that both have.",
        "الكلمات المظللة لا ترد في أي مقطع مشترك من ثلاث كلمات فأكثر.",
    ),
    "only_here": ("words only here", "كلمات هنا فقط"),
    "jaccard": ("alike (Jaccard)", "تشابه (جاكار)"),
    "here_in_there": ("of this text in the earlier one", "من هذا النص في السابق"),
    "there_in_here": ("of the earlier one in this text", "من السابق في هذا النص"),
    "recorded": ("recorded", "المسجل"),
    "numbers": ("Numbers", "الأرقام"),
    "names": ("Persons and places", "الأشخاص والأماكن"),
    "in_both": ("in both", "في كليهما"),
    "only_this": ("only in this", "في هذه فقط"),
    "only_other": ("only in the earlier one", "في السابقة فقط"),
    "no_relation": (
        "This article was not found to be a copy of another.",
        "لم يثبت أن هذه المقالة نسخة من غيرها.",
    ),
    # dead letters
    "dead_lead": (
        "Events that could not be processed, as they were. The newest first.",
        "أحداث تعذرت معالجتها، كما كانت. الأحدث أولا.",
    ),
    "reason": ("Reason", "السبب"),
    "stage": ("Stage", "المرحلة"),
    "error": ("Error", "الخطأ"),
    "message": ("Message", "الرسالة"),
    "size": ("Size", "الحجم"),
    "bytes": ("bytes", "بايت"),
    "origin": ("Origin", "المنشأ"),
    "read_from": ("Read from", "قرئت من"),
    "time": ("Time", "الوقت"),
    "headers": ("Headers", "الترويسات"),
    "key": ("Key", "المفتاح"),
    "none": ("none", "لا شيء"),
    "begins": ("The original bytes begin", "بداية البايتات الأصلية"),
    "as_text": ("As text", "نصا"),
    "whole": ("Download the original bytes", "تنزيل البايتات الأصلية"),
    "replay": ("Replay", "أعد المعالجة"),
    "replay_lead": (
        "Sends the event once more, as it was, to where it was read: as `khabar dead replay` does.",
        "يرسل الحدث مرة أخرى، كما كان، إلى حيث قرئ: كما يفعل `khabar dead replay`.",
    ),
    "replay_off": (
        "To replay dead letters from here, set KHABAR_WEB_TOKEN. In a terminal:",
        "لإعادة المعالجة من هنا اضبط KHABAR_WEB_TOKEN. وفي الطرفية:",
    ),
    "token": ("Token (KHABAR_WEB_TOKEN)", "الرمز السري (KHABAR_WEB_TOKEN)"),
    "again": (
        "Also if it was replayed before (publishes a second record)",
        "حتى لو أعيدت معالجته من قبل (ينشر سجلا ثانيا)",
    ),
    "replayed": ("The event was sent again. It stands at", "أرسل الحدث مرة أخرى. موضعه الآن"),
    "replayed_before": (
        "Nothing was sent: this event was replayed before.",
        "لم يرسل شيء: أعيدت معالجة هذا الحدث من قبل.",
    ),
    "replay_failed": ("Nothing was sent:", "لم يرسل شيء:"),
    "back": ("Back to the dead letter", "عودة إلى الرسالة الميتة"),
    # search
    "search_lead": (
        "Among the articles that the page holds. Case, Arabic vowel signs, tatweel and forms of alef and yeh make no difference.",
        "بين المقالات التي تحتفظ بها الصفحة. لا فرق بين أشكال الألف والياء، ولا أثر للتشكيل والتطويل.",
    ),
    "words": ("Words, as they stand together", "كلمات متتالية كما وردت"),
    "entity": ("Entity: a name, or an id such as iso:EG", "كيان: اسم، أو معرف مثل iso:EG"),
    "source_words": ("Source: a name or a domain", "المصدر: اسم أو نطاق"),
    "any": ("any", "أي كان"),
    "found": ("Found", "عدد النتائج"),
    "ask": ("Say what to look for.", "اكتب ما تبحث عنه."),
    # errors
    "wrong": ("This did not work", "لم ينجح الطلب"),
    "not_here": (
        "There is no such page.",
        "لا توجد صفحة كهذه.",
    ),
    "no_article": (
        "The page does not hold this article: it is too old, or was never published. `khabar dup` looks in the topics:",
        "لا تحتفظ الصفحة بهذه المقالة: هي أقدم مما تحتفظ به، أو لم تنشر قط. الأمر `khabar dup` يبحث في المواضيع:",
    ),
    "bad_host": (
        "The page may not be asked for by this name. If it should be, add the name to KHABAR_WEB_HOSTS.",
        "لا يجوز طلب الصفحة بهذا الاسم. إن كان ينبغي ذلك فأضف الاسم إلى KHABAR_WEB_HOSTS.",
    ),
    "bad_method": ("Only GET and HEAD are answered here.", "لا يجاب هنا إلا على GET وHEAD."),
    "bad_origin": (
        "The request did not come from this page. Open the dead letter here and try again.",
        "لم يأت الطلب من هذه الصفحة. افتح الرسالة الميتة هنا وحاول من جديد.",
    ),
    "bad_token": ("The token is wrong.", "الرمز السري خاطئ."),
    "away": ("A service does not answer:", "إحدى الخدمات لا تجيب:"),
}
"""A word's name to the word in English and in Arabic."""


def words(ui: Ui) -> Callable[[str], str]:
    """Gives the word of this name in this language. KeyError where there is none."""
    number = list(Ui).index(ui)
    return lambda name: WORDS[name][number]
