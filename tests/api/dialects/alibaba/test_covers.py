from tests.api.dialects.alibaba.shelf import Shelf, told_by

URL = "http://example-bucket.oss-cn-hangzhou.aliyuncs.com//example.jpg"


def test_a_new_cover_changes_nothing_else(shelf: Shelf) -> None:
    media_id = shelf.piece().media_id
    labels = {"Title": "a film", "Description": "of a dog", "Tags": "dog,film", "CateId": "7"}
    told_by(shelf.vod("UpdateVideoInfo", {"VideoId": media_id, **labels}))
    before = shelf.medium(media_id)

    told_by(shelf.set_cover(media_id, URL))

    assert before["Title"] == "a film"
    assert shelf.medium(media_id) == {**before, "CoverURL": URL}
