"""What becomes of one entry: title, summary, content, picture, author, date and topics."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from engine.content.feeds import read_feed
from engine.content.posts import post_of, posts_of, topics_of
from engine.model.post import Post
from tests.content.test_feeds import URL, rss

NAMESPACES = (
    "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/'"
    " xmlns:media='http://search.yahoo.com/mrss/' xmlns:feedburner='http://rssnamespace.org/feedburner/ext/1.0'>"
)


def one(item: str) -> Post:
    content = rss(f"<item>{item}</item>").replace(b"<rss version='2.0'>", NAMESPACES.encode())
    document = read_feed(content, "", URL)
    return post_of(document.entries[0], document, "blog")


def html_post(markup: str, extra: str = "") -> Post:
    return one(
        f"<link>https://blog.example/2027/post/</link>{extra}<content:encoded><![CDATA[{markup}]]></content:encoded>"
    )


def json_post(**item: object) -> Post:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "home_page_url": "https://blog.example/",
        "items": [item],
    }
    document = read_feed(json.dumps(feed).encode(), "application/feed+json", URL)
    return post_of(document.entries[0], document, "blog")


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Tom &amp; Jerry", "Tom & Jerry"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("<![CDATA[Tom &amp; Jerry]]>", "Tom & Jerry"),
        ("How to write &amp;lt;b&amp;gt;", "How to write <b>"),
        ("A &lt;em&gt;big&lt;/em&gt; day", "A big day"),
        ("A <em>big</em> day", "A big day"),
        ("&lt;p&gt;Unclosed", "Unclosed"),
        ("1 &lt; 2 and 3 &gt; 2", "1 < 2 and 3 > 2"),
        ("  Two\n   lines ", "Two lines"),
        ("It&amp;#8217;s", "It’s"),
        ("Emoji 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 stay", "Emoji 👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 stay"),
    ],
)
def test_a_title_is_plain_text_decoded_once(written: str, title: str) -> None:
    assert one(f"<title>{written}</title>").title == title


def test_a_note_without_a_title_is_called_by_its_first_words() -> None:
    assert one("<description>Back on Monday. Until then, mail us.</description>").title == (
        "Back on Monday. Until then, mail us."
    )
    assert json_post(id="1", content_text="word " * 100).title.endswith("word…")


def test_the_feeds_own_summary_is_used() -> None:
    post = html_post("<p>A long story.</p>", "<description>What it is about</description>")
    assert post.summary == "What it is about"


def test_without_a_summary_the_first_sentences_are() -> None:
    sentence = "This is a sentence of about fifty characters, see. "
    post = html_post(f"<h2>Heading</h2><p>{sentence * 20}</p>")
    assert post.summary.endswith("see.")
    assert 200 < len(post.summary) <= 280
    assert one(f"<description>{sentence * 20}</description>").summary.endswith("see.")


def test_a_summary_that_is_the_whole_text_is_shortened_at_a_word() -> None:
    text = "word " * 300
    post = html_post(f"<p>{text}</p>", f"<description>{text}</description>")
    assert post.summary.endswith("word…")
    assert len(post.summary) <= 280


def test_a_summary_that_is_only_the_first_heading_is_not_used() -> None:
    post = html_post("<h2>Abstract</h2><p>We measured it.</p>", "<description>Abstract</description>")
    assert post.summary == "Abstract We measured it."


def test_what_wordpress_adds_to_excerpts_is_left_out() -> None:
    post = html_post(
        "<p>Long</p>",
        "<description>Real words [&amp;#8230;] The post Title appeared first on Blog.</description>",
    )
    assert post.summary == "Real words…"


def test_relative_links_and_pictures_become_absolute() -> None:
    post = html_post(
        "<a href='../next'>n</a><a href='#x'>x</a><img src='a b.png'><img src='//cdn.example/i.png'>"
    )
    assert 'href="https://blog.example/2027/next"' in post.content
    assert 'href="https://blog.example/2027/post/#x"' in post.content
    assert 'src="https://blog.example/2027/post/a%20b.png"' in post.content
    assert 'src="https://cdn.example/i.png"' in post.content


def test_xml_base_is_honoured() -> None:
    atom = (
        b"<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://base.example/x/'><title>t</title><entry>"
        b"<id>1</id><link href='one'/><content type='html' xml:base='two/'>&lt;img src='i.png'&gt;</content>"
        b"</entry></feed>"
    )
    (post,) = posts_of(read_feed(atom, "", URL), "blog")
    assert post.url == "https://base.example/x/one"
    assert post.image == "https://base.example/x/two/i.png"


def test_mail_links_stay_and_others_go() -> None:
    post = html_post("<a href='mailto:a@b.example'>m</a><a href='tel:1'>t</a><a href='ftp://x/'>f</a>")
    assert 'href="mailto:a@b.example"' in post.content
    assert "tel:" not in post.content
    assert "ftp:" not in post.content


def test_counting_pixels_go_and_late_loaded_pictures_come() -> None:
    post = html_post(
        "<img src='https://feeds.feedburner.com/~r/x/1' width='1' height='1'><img src='https://t.example/p' width=1>"
        "<p>&nbsp;</p><img src='data:image/gif;base64,R0' data-src='/real.jpg'><noscript><img src='/n.jpg'></noscript>"
    )
    assert "feedburner" not in post.content
    assert "t.example" not in post.content
    assert '<img src="https://blog.example/real.jpg" alt="">' in post.content
    assert "<p>" not in post.content
    assert post.image == "https://blog.example/real.jpg"


def test_the_picture_the_feed_names_comes_before_one_in_the_text() -> None:
    text = "<img src='/in-text.png'>"
    content = "<media:content url='https://x.example/m.jpg' medium='image'/>"
    thumbnail = "<media:thumbnail url='https://x.example/t.jpg'/>"
    enclosure = "<enclosure url='https://x.example/e.jpg' type='image/jpeg' length='1'/>"
    sound = "<enclosure url='https://x.example/e.mp3' type='audio/mpeg' length='1'/>"
    assert html_post(text).image == "https://blog.example/in-text.png"
    assert html_post(text, sound).image == "https://blog.example/in-text.png"
    assert html_post(text, thumbnail).image == "https://x.example/t.jpg"
    assert html_post(text, thumbnail + enclosure).image == "https://x.example/e.jpg"
    assert html_post(text, thumbnail + enclosure + content).image == "https://x.example/m.jpg"


def test_the_author_is_a_name_and_never_an_address() -> None:
    assert one("<author>ann@blog.example (Ann Lee)</author>").author == "Ann Lee"
    assert one("<author>ann@blog.example</author>").author == ""
    assert one("<dc:creator>Ann Lee</dc:creator>").author == "Ann Lee"
    assert (
        json_post(id="1", authors=[{"name": "Ann"}, {"name": "Bo"}], author={"name": "Old"}).author
        == "Ann, Bo"
    )
    assert json_post(id="1", author={"name": "Ann"}).author == "Ann"


def test_dates_are_utc_and_nonsense_is_no_date() -> None:
    assert one("<pubDate>Tue, 05 Jan 2027 09:30:00 +0200</pubDate>").published == datetime(
        2027, 1, 5, 7, 30, tzinfo=UTC
    )
    for nonsense in ("soon", "Thu, 01 Jan 1970 00:00:00 GMT", "99 Foo 2027", ""):
        assert one(f"<pubDate>{nonsense}</pubDate>").published is None
    assert json_post(id="1", date_published="2027-01-05T09:30:00.52-01:00").published == datetime(
        2027, 1, 5, 10, 30, 0, 520_000, tzinfo=UTC
    )
    assert json_post(id="1", date_published="0001-01-01T00:00:00+10:00").published is None


def test_topics_are_trimmed_and_each_stands_once() -> None:
    assert topics_of(
        [" Tea ", "tea", "Tom &amp; Co", "Uncategorized", "http://schemas.example/kind#post", "", "x" * 99]
    ) == (
        "Tea",
        "Tom & Co",
    )
    assert one("<category>Tea</category><category domain='d'>Books</category>").topics == ("Tea", "Books")
    assert json_post(id="1", tags=["a", 7, None, {"x": 1}]).topics == ("a", "7")


def test_the_page_itself_is_linked_not_the_counter_before_it() -> None:
    post = one(
        "<link>https://feeds.feedburner.com/~r/x/~3/1/</link>"
        "<feedburner:origLink>https://blog.example/page</feedburner:origLink>"
    )
    assert post.url == "https://blog.example/page"


def test_a_link_post_of_a_json_feed_leads_outside_only_without_a_page_of_its_own() -> None:
    assert (
        json_post(id=5, url="/own", external_url="https://other.example/").url == "https://blog.example/own"
    )
    post = json_post(id=5, external_url="https://other.example/")
    assert (post.url, post.id) == ("https://other.example/", "5")


def test_plain_text_of_a_json_feed_becomes_paragraphs() -> None:
    assert (
        json_post(id="1", content_text="One < two\n\nThree\nfour").content
        == "<p>One &lt; two</p><p>Three<br>four</p>"
    )


def test_the_picture_of_a_json_feed_is_its_image_then_its_banner() -> None:
    assert (
        json_post(id="1", banner_image="/b.png", content_html="<img src=/c.png>").image
        == "https://blog.example/b.png"
    )
    assert json_post(id="1", image="/i.png", banner_image="/b.png").image == "https://blog.example/i.png"
