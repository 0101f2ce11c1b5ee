using AmcEngine.DataTools;
using AmcEngine.Files;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>The cache changes no pixel, whatever state it is in, and holds no more than it may.</summary>
[TestFixture]
internal sealed class PictureCacheTests : FolderTests
{
    private const int Side = 24;
    private const int EntryLength = 28 + 3 * Side * Side;
    private readonly List<string> _said = [];
    private string _cache = "";

    [SetUp]
    public void MakePictures()
    {
        _said.Clear();
        _cache = _folder.PathOf("cache");
        var random = new SeededRandom(5);
        for (var i = 0; i < 6; i++)
        {
            var picture = new RgbImage(40 + i, 60 - 3 * i);
            for (var p = 0; p < picture.Pixels.Length; p++)
                picture.Pixels[p] = (byte)(random.NextInt(60) + p / 30 % 190);
            picture.Save(_folder.PathOf($"{i}.{(i % 2 == 0 ? "jpg" : "png")}"));
        }
        AnnotationFile.Save(_folder.PathOf("a.json"), Enumerable.Range(0, 6).Select(i => new RegionAnnotation(
            $"{i}.{(i % 2 == 0 ? "jpg" : "png")}", ["a"], [new Box(3, 2, 20, 30)])));
    }

    [Test]
    public void Cold_and_warm_give_the_samples_of_no_cache([Values] bool fast)
    {
        var without = Samples(null, fast);
        Assert.That(Samples(Open(), fast), Is.EqualTo(without), "cold");
        var stamps = Entries().ToDictionary(e => e.Name, e => e.LastWriteTimeUtc);
        Assert.That(stamps, Has.Count.EqualTo(6));
        Assert.That(Samples(Open(), fast), Is.EqualTo(without), "warm");
        Assert.That(Entries().ToDictionary(e => e.Name, e => e.LastWriteTimeUtc), Is.EqualTo(stamps), "nothing anew");
        Assert.That(_said, Is.Empty);
    }

    // What the cache gives is what its files hold, and not what is decoded again.
    [Test]
    public void A_warm_cache_decodes_nothing()
    {
        var cache = Open();
        var read = 0;
        (PictureViews, string?) Read()
        {
            read++;
            return PictureFile.Read(_folder.PathOf("0.jpg"), [PictureTarget.Square(Side, Resampling.Bilinear)]);
        }
        for (var i = 0; i < 3; i++)
            cache.Read(_folder.PathOf("0.jpg"), "a", Read);
        Assert.That(read, Is.EqualTo(1));
        Open().Read(_folder.PathOf("0.jpg"), "a", Read);
        Assert.That(read, Is.EqualTo(1), "opened again");
        cache.Read(_folder.PathOf("0.jpg"), "b", Read);
        Assert.That(read, Is.EqualTo(2), "other settings");
        File.Copy(_folder.PathOf("1.png"), _folder.PathOf("0.jpg"), overwrite: true);
        cache.Read(_folder.PathOf("0.jpg"), "a", Read);
        Assert.That(read, Is.EqualTo(3), "another picture under the name");
        File.Copy(_folder.PathOf("1.png"), _folder.PathOf("moved.png"));
        cache.Read(_folder.PathOf("moved.png"), "a", Read);
        Assert.That(read, Is.EqualTo(3), "the same picture under another name");
    }

    [Test]
    public void Settings_that_change_pixels_are_kept_apart()
    {
        var cache = Open();
        var exact = Samples(cache, fast: false);
        var fast = Samples(cache, fast: true);
        Assert.That(Entries().Length, Is.EqualTo(12));
        Assert.That((Samples(cache, false), Samples(cache, true)), Is.EqualTo((exact, fast)));
    }

    // A byte of each part, a cut, and what lies behind the end.
    [TestCase(0)]
    [TestCase(9)]
    [TestCase(17)]
    [TestCase(25)]
    [TestCase(28)]
    [TestCase(EntryLength - 1)]
    [TestCase(-1)]
    [TestCase(EntryLength)]
    public void A_damaged_entry_is_made_again_and_said_once(int position)
    {
        var whole = Samples(Open(), fast: false);
        var before = Contents();
        foreach (var (path, bytes) in before.Take(3))
        {
            if (position >= 0 && position < bytes.Length)
            {
                byte[] changed = [.. bytes];
                changed[position] ^= 0x10;
                File.WriteAllBytes(path, changed);
            }
            else
            {
                File.WriteAllBytes(path, position < 0 ? bytes[..^1] : [.. bytes, 0]);
            }
        }
        Assert.That(Samples(Open(), fast: false), Is.EqualTo(whole));
        Assert.That(
            _said, Has.Count.EqualTo(1).And.All.Contains("is damaged; it is made again").And.All.Contains(_cache));
        Assert.That(Contents(), Is.EqualTo(before));
    }

    [Test]
    public void An_entry_under_the_name_of_another_is_damaged()
    {
        var whole = Samples(Open(), fast: false);
        var files = Entries();
        File.Copy(files[0].FullName, files[1].FullName, overwrite: true);
        Assert.That(Samples(Open(), fast: false), Is.EqualTo(whole));
        Assert.That(_said, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_full_cache_says_so_once_and_grows_no_more()
    {
        var whole = Samples(null, fast: false);
        var cache = Open(4 * EntryLength - 1);
        Assert.That(Samples(cache, fast: false), Is.EqualTo(whole));
        Assert.That(Samples(cache, fast: false), Is.EqualTo(whole));
        Assert.That(Entries().Sum(e => e.Length), Is.EqualTo(3 * EntryLength).And.EqualTo(cache.Bytes));
        Assert.That(_said, Has.Count.EqualTo(1).And.All.Contains("is full").And.All.Contains("raise cache_size"));
        // What is there already counts.
        Samples(Open(3 * EntryLength), fast: true);
        Assert.That(Entries().Length, Is.EqualTo(3));
    }

    [Test]
    public void Two_that_fill_one_folder_do_not_exceed_it_by_much()
    {
        const int most = 32 * EntryLength;
        PictureCache one = Open(most), other = Open(most);
        var views = PictureFile.Read(_folder.PathOf("0.jpg"), [PictureTarget.Square(Side, Resampling.Bilinear)]);
        for (var i = 0; i < 64; i++)
            (i % 2 == 0 ? one : other).Read(_folder.PathOf("0.jpg"), $"{i}", () => views);
        Assert.That(Entries().Length, Is.InRange(32, 36));
    }

    [Test]
    public void Several_threads_and_processes_make_the_same_entries()
    {
        var whole = Samples(Open(), fast: false);
        var expected = Contents().ToDictionary(e => Path.GetFileName(e.Key), e => e.Value);
        Directory.Delete(_cache, recursive: true);
        PictureCache[] caches = [Open(), Open()];
        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 8 },
            i => Assert.That(Samples(caches[i % 2], fast: false), Is.EqualTo(whole)));
        Assert.That(Contents().ToDictionary(e => Path.GetFileName(e.Key), e => e.Value), Is.EqualTo(expected));
        Assert.That(_said, Is.Empty);
    }

    [Test]
    public void What_a_killed_process_left_is_cleared_away_when_it_is_old()
    {
        Samples(Open(), fast: false);
        var folder = Entries()[0].DirectoryName!;
        string old = Path.Combine(folder, $"x{DurableFile.TemporarySuffix}"),
            young = Path.Combine(folder, $"y{DurableFile.TemporarySuffix}");
        File.WriteAllText(old, "x");
        File.WriteAllText(young, "y");
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddHours(-2));
        Open();
        Assert.That((File.Exists(old), File.Exists(young)), Is.EqualTo((false, true)));
    }

    [Test]
    public void A_damaged_picture_is_named_in_every_run()
    {
        var path = _folder.PathOf("0.jpg");
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^200]);
        for (var run = 0; run < 2; run++)
        {
            _said.Clear();
            Samples(Open(), fast: false);
            Assert.That(_said, Has.Count.EqualTo(1).And.All.Contains("0.jpg"));
        }
        Assert.That(Entries().Length, Is.EqualTo(5));
    }

    [Test]
    public void A_folder_that_is_none_is_refused_in_one_line()
    {
        var file = _folder.Write("file", "x");
        Assert.That(() => PictureCache.Open(file, 1 << 20), Throws.TypeOf<DataException>().With.Message.Contains(file)
            .And.Message.Contains("name another in cache"));
    }

    private PictureCache Open(long most = 1 << 30) => PictureCache.Open(_cache, most, Say);

    private void Say(string line)
    {
        lock (_said)
            _said.Add(line);
    }

    private FileInfo[] Entries() => [.. new DirectoryInfo(_cache).GetFiles("*", SearchOption.AllDirectories)
        .OrderBy(f => f.Name, StringComparer.Ordinal)];

    private Dictionary<string, byte[]> Contents() =>
        Entries().ToDictionary(e => e.FullName, e => File.ReadAllBytes(e.FullName));

    // All that a sample holds, of two epochs.
    private string Samples(PictureCache? cache, bool fast)
    {
        var data = new AnnotationDataset([_folder.PathOf("a.json")], _folder.Path, new AnnotationDatasetOptions
        {
            ImageSize = Side,
            Pictures = new PictureOptions { Cache = cache, FastDecode = fast },
            Warn = Say,
        });
        var samples = Enumerable.Range(0, 12).Select(i => data.Get(i % 6, 7, i / 6));
        return string.Join('\n', samples.Select(
            s => $"{Convert.ToHexString(s.Picture.Pixels)} {string.Join(' ', s.Mask)} {s.PictureNumber}"));
    }
}
