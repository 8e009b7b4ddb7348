import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given, strategies as st

from streamer.core.encoding import encode_time
from streamer.core.scripts import index_text, indexed_text
from streamer.core.untrusted import one_line
from streamer.store.sqlite import migrations
from streamer.store.sqlite.store import open_store
from tests.unit.store.sqlite.calls import filled, keep, make_call, say

FOUND = [
    ("我想取消我的订单,谢谢", "订单", "我想取消我的[订单],谢谢"),
    ("我想取消我的订单,谢谢", "取消 谢谢", "我想[取消]我的订单,[谢谢]"),
    ("我想取消我的订单,谢谢", "消我的订", "我想取[消我的订]单,谢谢"),
    ("我想取消我的订单,谢谢", "谢", "我想取消我的订单,[谢][谢]"),
    ("注文をキャンセルしたいのですが", "キャンセル", "注文を[キャンセル]したいのですが"),
    ("注文をｷｬﾝｾﾙしたいのですが", "キャンセル", "注文を[ｷｬﾝｾﾙ]したいのですが"),
    ("バス停で", "ﾊﾞｽ", "[バス]停で"),
    ("iPhone15を買いました", "iphone15", "[iPhone15]を買いました"),
    ("iPhone15を買いました", "買*", "iPhone15を[買]いました"),
    ("番号は５５５です", "555", "番号は[５５５]です"),
    ("ฉันต้องการยกเลิกคำสั่งซื้อ", "ยกเลิก", "ฉันต้องการ[ยกเลิก]คำสั่งซื้อ"),
    ("ฉันต้องการยกเลิกคำสั่งซื้อ", "คำสั่ง", "ฉันต้องการยกเลิก[คำสั่ง]ซื้อ"),
    ("สวัสดีครับ", "สว", "[สวั]สดีครับ"),
    ("ทำไม", "ท\u0e4d\u0e32", "[ทำ]ไม"),
    ("หมายเลข ๕๕๕", "555", "หมายเลข [๕๕๕]"),
    ("ខ្ញុំចង់លុបចោលការបញ្ជាទិញ", "លុបចោល", "ខ្ញុំចង់[លុបចោល]ការបញ្ជាទិញ"),
    ("ຂ້ອຍຕ້ອງການຍົກເລີກຄຳສັ່ງຊື້", "ຍົກເລີກ", "ຂ້ອຍຕ້ອງການ[ຍົກເລີກ]ຄຳສັ່ງຊື້"),
    ("ကျွန်တော်အော်ဒါကိုပယ်ဖျက်ချင်ပါတယ်", "အော်ဒါ", "ကျွန်တော်[အော်ဒါ]ကိုပယ်ဖျက်ချင်ပါတယ်"),
    ("주문을 취소하고 싶어요", "주문", "[주문]을 취소하고 싶어요"),
    ("주문을 취소하고 싶어요", "취소", "주문을 [취소]하고 싶어요"),
    ("학교에서 만나요", "학교에서", "[학교에서] 만나요"),
    ("학교에서 만나요", "\u1112\u1161\u11a8\u1100\u116d", "[학교]에서 만나요"),
    ("أُرِيدُ إِلْغَاءَ الطَّلَبِ", "الغاء", "أُرِيدُ [إِلْغَاءَ] الطَّلَبِ"),
    ("أريد إلغاء الطلب", "طلب", "أريد إلغاء ال[طلب]"),
    ("وبالطلبات الجديدة", "طلب", "وبال[طلب]ات الجديدة"),
    ("الرقم ٥٥٥", "555", "الرقم [٥٥٥]"),
    ("مرحـــبا بك", "مَرْحَبًا", "[مرحـــبا] بك"),
    ("من می‌روم", "میروم", "من [می‌روم]"),
    ("סליחה, וְשָׁלוֹם", "שלום", "סליחה, וְ[שָׁלוֹם]"),
    ("मुझे ऑर्डर रद्द करना है", "ऑर्डर", "मुझे [ऑर्डर] रद्द करना है"),
]


@pytest.mark.parametrize(("said", "query", "shown"), FOUND)
async def test_words_and_parts_of_them_are_found_and_set_off(tmp_path, said, query, shown):
    async with filled(tmp_path / "db", said, "something else") as (store, _):
        [hit] = await store.search(query)
    assert hit.text == said
    assert mark(hit) == shown


def mark(hit):
    marked = hit.text
    for start, end in sorted(hit.spans, reverse=True):
        marked = f"{marked[:start]}[{marked[start:end]}]{marked[end:]}"
    return marked


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("我想取消我的订单", "单订"),
        ("我想取消我的订单", '"取消订单"'),
        ("ที่นี่", "ทุ"),
        ("की", "का"),
        ("주문을", "문주"),
        ("طلب", "بلط"),
        ("取消", "取消 NOT 消"),
        ("5552024年", "2024"),
    ],
)
async def test_what_was_not_said_is_not_found(tmp_path, said, query):
    async with filled(tmp_path / "db", said) as (store, _):
        assert await store.search(query) == []


async def test_calls_are_found_by_a_part_of_what_was_said_in_them(tmp_path):
    async with filled(tmp_path / "db", "我想取消我的订单") as (store, call):
        assert [row.id for row in await store.list_calls(text="订单")] == [call.id]


async def test_text_that_the_index_takes_as_it_stands_is_not_kept_twice(tmp_path):
    texts = ("Don't say «Café», 555-1234", "Привет, как дела?", "मुझे ऑर्डर", "tiếng Việt", "α β")
    for text in texts:
        assert indexed_text(text) is None


@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("กีั่ำมรحَـ٥ｷﾞ한\u1112\u1161国の\u200c5 a")),
        max_size=30,
    )
)
@example("\u064e")
@example("ﷺ")
@example("ﾞ")
@example("ก \u0e31")
def test_every_character_of_the_index_has_its_place_in_the_text(text):
    text = one_line(text)
    indexed = index_text(text)
    if indexed is not None:
        assert len(indexed.text) == len(indexed.places)
        assert one_line(indexed.text) == indexed.text
        starts = [start for start, _ in indexed.places]
        assert starts == sorted(starts)
        assert all(0 <= start <= end <= len(text) for start, end in indexed.places)


@example("ก\u0e33")
@example("ກ\u0eb3")
@given(
    st.text(
        st.one_of(st.characters(), st.sampled_from("กีั่ำมรحَ٥ｷﾞ한国の\u200c")), min_size=1, max_size=12
    )
)
def test_what_is_indexed_stays_as_it_is_when_it_is_indexed_again(text):
    once = indexed_text(one_line(text))
    if once is not None:
        assert (indexed_text(once) or once) == once


async def make_older_database(path, monkeypatch, *texts):
    """A database as it was before this migration, with a call of the caller's texts."""
    older = tuple(m for m in migrations.MIGRATIONS if m.__name__ < "m006")
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "MIGRATIONS", older)
        async with open_store(path):
            pass
    call = make_call()
    rows = [(n, n, text) for n, text in enumerate(texts, start=1)]
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "INSERT INTO call (id, source, started_at, folder) VALUES (?, ?, ?, '/recordings')",
            (call.id, call.source, encode_time(call.started_at)),
        )
        db.executemany(
            "INSERT INTO leg (call, number, label, channel, rate, recording) VALUES (?, ?, ?, ?, 16000, '')",
            [(call.id, n, leg.label, leg.channel) for n, leg in enumerate(call.legs)],
        )
        db.executemany(
            """
            INSERT INTO segment (id, leg, utterance, start, end, language, text, words)
            VALUES (?, 1, ?, 0, 16000, 'zh', ?, '[]')
            """,
            rows,
        )
    return call


async def test_what_was_kept_before_is_found_after_the_migration(tmp_path, monkeypatch):
    path = tmp_path / "db"
    await make_older_database(path, monkeypatch, "我想取消订单", "أُرِيدُ", "a refund")
    async with open_store(path) as store:
        for query, text in (("订单", "我想取消订单"), ("أريد", "أُرِيدُ"), ("refund", "a refund")):
            assert [hit.text for hit in await store.search(query)] == [text]
        await keep(store, make_call(2), say("取消"))
        assert len(await store.search("取消")) == 2
    with closing(sqlite3.connect(path)) as db:
        kept = db.execute("SELECT indexed FROM segment ORDER BY id").fetchall()
        assert kept[:3] == [("我 想 取 消 订 单",), ("ا ر ي د",), (None,)]
        db.execute("INSERT INTO segment_text (segment_text, rank) VALUES ('integrity-check', 1)")
        with pytest.raises(sqlite3.IntegrityError, match="settled for good"):
            db.execute("UPDATE segment SET text = ''")


async def test_a_segment_of_an_older_program_that_still_runs_is_indexed_as_it_was(tmp_path):
    path = tmp_path / "db"
    async with filled(path, "hello") as (store, _):
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(
                """
                INSERT INTO segment (id, leg, utterance, start, end, language, text, words)
                VALUES (1, 1, 99, 0, 16000, 'en', 'a refund', '[]')
                """
            )
        [hit] = await store.search("refund")
        assert mark(hit) == "a [refund]"


async def test_a_deletion_leaves_no_trace_of_such_words(tmp_path, monkeypatch):
    path = tmp_path / "db"
    lines = [f"取消{chr(0x4E00 + n)}订单" * (300 if n % 50 == 7 else 2) for n in range(120)]
    old = await make_older_database(path, monkeypatch, *lines)
    async with open_store(path) as store:
        kept = make_call(2)
        await keep(store, kept, *(say("再见朋友", utterance=u, at=u) for u in range(1, 60)))
        later = await keep(
            store, make_call(3), *(say(t, utterance=u, at=u) for u, t in enumerate(lines, 1))
        )
        assert await store.delete_calls([old.id, later.id]) == 2
        assert len(await store.search("朋友", limit=100)) == 59
    files = b"".join(file.read_bytes() for file in path.parent.glob("db*"))
    for character in "取消订单":
        assert character.encode() not in files
    assert "朋".encode() in files
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO segment_text (segment_text, rank) VALUES ('integrity-check', 1)")
