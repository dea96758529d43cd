"""States on disk: what is read is what was written, bit for bit, or an error; a failed write leaves the old file."""

import errno
import io
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
import torch

from trpobook.agents import storage
from trpobook.agents.storage import load, save, write_atomically

DAMAGED = r"state\.pt is damaged \(.+\); move it away\. Nothing was changed"


def checkpoint():
    """Return a state as training has it: weights, Adam's averages, generators, plain data of every kind."""
    generator = torch.Generator().manual_seed(3)
    weights = OrderedDict((f"layers.{i}.weight", torch.randn(6, 5, generator=generator)) for i in range(3))
    parameters = [torch.nn.Parameter(weight) for weight in weights.values()]
    optimiser = torch.optim.Adam(parameters)
    sum(p.square().sum() for p in parameters).backward()
    optimiser.step()
    return {
        "policy": weights,
        "optimiser": optimiser.state_dict(),
        "moments": {"mean": torch.arange(5, dtype=torch.float64) / 7, "count": 1e-4},
        "generator": generator.get_state()[:100],
        "memory": None,
        "frames": torch.arange(20, dtype=torch.uint8),
        "count": 12,
        "recent": [(1.5, 10), (float("inf"), 3)],
        "name": "Hopper-v5",
    }


def same(a, b):
    """Return whether two states are equal to the last bit, types included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and a.shape == b.shape and a.numpy().tobytes() == b.numpy().tobytes()
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.fixture
def file(tmp_path):
    save(tmp_path / "state.pt", checkpoint())
    return tmp_path / "state.pt"


def test_a_state_comes_back_bit_for_bit(file):
    assert same(load(file), checkpoint())
    assert os.listdir(file.parent) == ["state.pt"]


def test_a_file_truncated_anywhere_is_refused(file):
    data = file.read_bytes()
    for length in [*range(0, len(data) - 200, 9), *range(len(data) - 200, len(data))]:
        file.write_bytes(data[:length])
        with pytest.raises(ValueError, match=DAMAGED):
            load(file)
    assert len(data) > 5000


def test_a_flipped_bit_is_found_or_does_no_harm(file):
    """Any bit of a record's line in the table of contents (one calls the record a folder), and many elsewhere."""
    data, rng = file.read_bytes(), np.random.default_rng(0)
    begin = data.rindex(b"PK\x01\x02", 0, data.rindex(b"archive/data/0"))
    bits = [*range(8 * begin, 8 * data.index(b"PK\x01\x02", begin + 1)), *rng.integers(0, 8 * len(data), 300)]
    refused = 0
    for bit in map(int, bits):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        file.write_bytes(flipped)
        try:
            assert same(load(file), checkpoint()), f"bit {bit}"
        except ValueError as error:
            assert "state.pt is damaged" in str(error) and "\n" not in str(error)
            refused += 1
    assert refused > 200


def test_a_bit_flipped_in_a_weight_is_found_though_pytorch_reads_over_it(file):
    data = file.read_bytes()
    weight = checkpoint()["policy"]["layers.1.weight"].numpy().tobytes()
    flipped = bytearray(data)
    flipped[data.index(weight) + 2] ^= 1
    file.write_bytes(flipped)
    assert not same(torch.load(file, weights_only=True), checkpoint())
    with pytest.raises(ValueError, match="Bad CRC-32 for file 'archive/data/"):
        load(file)


def legacy(file):
    torch.save({"count": 1}, file, _use_new_zipfile_serialization=False)


def module(file):
    torch.save(torch.nn.Linear(2, 2), file)


def empty_archive(file):
    zipfile.ZipFile(file, "w").close()


def random_bytes(file):
    file.write_bytes(np.random.default_rng(1).bytes(3000))


@pytest.mark.parametrize(
    "write",
    [
        legacy,
        module,
        empty_archive,
        random_bytes,
        lambda file: file.write_text("years of work"),
        lambda file: torch.save([1, 2], file),
        lambda file: torch.save(torch.zeros(3), file),
        lambda file: torch.save(None, file),
    ],
)
def test_a_foreign_file_is_refused_in_one_line(write, file):
    write(file)
    before = file.read_bytes()
    with pytest.raises(ValueError, match=DAMAGED) as raised:
        load(file)
    assert "\n" not in str(raised.value) and file.read_bytes() == before


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("executed",)


def test_a_hostile_pickle_with_right_checksums_is_refused_and_not_executed(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(buffer, "w") as changed:
        for record in archive.namelist():
            changed.writestr(record, pickle.dumps(Hostile()) if "data.pkl" in record else archive.read(record))
    file.write_bytes(buffer.getvalue())
    with pytest.raises(ValueError, match=DAMAGED):
        load(file)
    file.write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(ValueError, match=DAMAGED):
        load(file)
    assert not (tmp_path / "executed").exists()


def test_the_remedy_is_the_callers(file):
    file.write_bytes(b"")
    with pytest.raises(ValueError, match=r"; begin again\. Nothing was changed"):
        load(file, remedy="begin again")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_no_damage(file):
    with pytest.raises((RuntimeError, AssertionError), match=r"(?i)cuda"):
        load(file, device="cuda")


def test_a_file_that_is_not_there_is_no_damage(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "state.pt")


class Full:
    """A call that the system refuses from the `n`-th on."""

    def __init__(self, real, n=1, number=errno.ENOSPC):
        self.real, self.left, self.number = real, n - 1, number

    def __call__(self, *arguments, **options):
        if self.left <= 0:
            raise OSError(self.number, os.strerror(self.number))
        self.left -= 1
        return self.real(*arguments, **options)


def test_a_refused_fsync_or_rename_leaves_the_old_file_and_nothing_beside_it(file, monkeypatch):
    before = file.read_bytes()
    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, Full(getattr(os, name)))
            with pytest.raises(
                OSError, match=r"cannot write .*state\.pt \(No space left on device\); mend that and try again"
            ):
                save(file, {"count": 13})
        assert file.read_bytes() == before and os.listdir(file.parent) == ["state.pt"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has /dev/full")
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(file):
    before = file.read_bytes()
    (file.parent / ".state.pt.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"cannot write .*state\.pt \(No space left on device\)"):
        save(file, {"count": 13})
    assert file.read_bytes() == before and os.listdir(file.parent) == ["state.pt"]


def test_what_cannot_be_saved_touches_nothing(file):
    before = file.read_bytes()
    with pytest.raises((AttributeError, pickle.PicklingError, TypeError)):
        save(file, {"count": lambda: 13})
    assert file.read_bytes() == before and os.listdir(file.parent) == ["state.pt"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OSError, match=r"cannot write .*nowhere/state\.pt \(No such file or directory\)"):
        save(tmp_path / "nowhere" / "state.pt", {})


def test_the_data_reach_the_disk_before_the_name_and_the_name_at_last(tmp_path, monkeypatch):
    calls = []

    def fsync(descriptor):
        calls.append(os.stat(descriptor).st_ino)

    def replace(source, target, real=os.replace):
        calls.append("rename")
        assert source.read_bytes() == b"new"
        real(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    write_atomically(tmp_path / "file", b"new")
    assert calls == [(tmp_path / "file").stat().st_ino, "rename", tmp_path.stat().st_ino]


def test_a_drive_without_fsync_of_folders_is_served_and_one_that_fails_is_not(file, monkeypatch):
    for number, refused in ((errno.EINVAL, False), (errno.EIO, True)):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", Full(os.fsync, 2, number))  # the second is the folder's
            if refused:
                with pytest.raises(OSError, match="Input/output error"):
                    save(file, {"count": 13})
            else:
                save(file, {"count": 13})
        assert load(file) == {"count": 13}
    assert storage.brief(KeyError()) == "KeyError"
