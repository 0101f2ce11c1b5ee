using System.IO.Compression;
using System.Text;
using AmcEngine.Serialization;
using NUnit.Framework;
using SkiaSharp;

namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// What the fuzzing stands on: a reader with a fault is found out, and mended files get past the gate.
/// </summary>
[Category("Fuzz")]
internal sealed class FuzzMachineryTests
{
    [Test]
    public void A_planted_fault_is_found_by_the_mutations()
    {
        var faulty = new FuzzTarget("planted", "x.bin", session =>
        {
            var bytes = File.ReadAllBytes(session.Path);
            if (bytes.Length > 4 && bytes[4] == 0xff && bytes[1] == (byte)'b') throw new IndexOutOfRangeException();
        });
        using var session = new FuzzSession(faulty.FileName);
        var mutator = new FuzzMutator(faulty, ["abcdefgh"u8.ToArray()], seed: 1);
        Assert.Throws<IndexOutOfRangeException>(() =>
        {
            for (var i = 0; i < 20_000; i++) faulty.Check(session, mutator.Next());
        });
    }

    [Test]
    public void Too_much_memory_is_a_find()
    {
        var greedy = new FuzzTarget("greedy", "x.bin", _ => GC.KeepAlive(new byte[70 << 20]));
        using var session = new FuzzSession(greedy.FileName);
        Assert.Throws<FuzzFailure>(() => greedy.Check(session, "x"u8));
    }

    [Test]
    public void A_refusal_must_name_the_file_and_count_as_bad_input()
    {
        using var session = new FuzzSession("x.bin");
        var nameless = new FuzzTarget("nameless", "x.bin", _ => throw new SerializationException("something is wrong"),
            typeof(SerializationException));
        var named = new FuzzTarget("named", "x.bin", s => throw new SerializationException($"{s.Path}: is wrong"),
            typeof(SerializationException));
        var undocumented = named with { Refusals = [] };
        var internalFault = new FuzzTarget("internal", "x.bin",
            s => throw new InvalidCastException($"{s.Path}: is wrong"), typeof(InvalidCastException));
        Assert.Multiple(() =>
        {
            Assert.That(named.Check(session, "x"u8), Is.False);
            Assert.Throws<FuzzFailure>(() => nameless.Check(session, "x"u8));
            Assert.Throws<SerializationException>(() => undocumented.Check(session, "x"u8));
            Assert.Throws<FuzzFailure>(() => internalFault.Check(session, "x"u8));
        });
    }

    [Test]
    public void The_same_seed_gives_the_same_files()
    {
        var target = FuzzTargets.Find("annotations");
        byte[][] corpus = [.. FuzzCorpus.Load("annotations").Select(s => s.Bytes)];
        FuzzMutator one = new(target, corpus, seed: 7), same = new(target, corpus, seed: 7),
            other = new(target, corpus, seed: 8);
        byte[][] first = [.. Enumerable.Range(0, 50).Select(_ => one.Next())];
        Assert.That(first, Is.EqualTo(Enumerable.Range(0, 50).Select(_ => same.Next())));
        Assert.That(first, Is.Not.EqualTo(Enumerable.Range(0, 50).Select(_ => other.Next())));
    }

    [Test]
    public void A_mended_archive_holds_what_was_put_into_it()
    {
        var seed = FuzzCorpus.Load("torch-zip").First(s => s.Name == "state-dict").Bytes;
        var at = seed.AsSpan().IndexOf("a.weight"u8);
        var mended = FuzzMending.ZipOffsets(seed, [.. seed[..at], .. "inserted"u8, .. seed[at..]]);
        using var archive = new ZipArchive(new MemoryStream(mended));
        var names = archive.Entries.Select(e => e.FullName).ToArray();
        using var pickle = new StreamReader(archive.GetEntry("archive/data.pkl")!.Open(), Encoding.Latin1);
        Assert.That(names, Does.Contain("archive/data/0").And.Contain("archive/data/1"));
        Assert.That(ReadSafely(pickle), Does.Contain("inserteda.weight"));

        // The platform's reader looks at the checksum when it comes to the end, ours does not.
        static string ReadSafely(StreamReader reader)
        {
            var text = new char[64];
            return new string(text, 0, reader.ReadBlock(text));
        }
    }

    [Test]
    public void A_mended_PNG_has_the_right_checksums()
    {
        var seed = FuzzCorpus.Load("picture").First(s => s.Name == "rgba.png").Bytes;
        byte[] broken = [.. seed];
        broken[29] ^= 0x55; // The first checksum, that of the header.
        Assert.That(Side(broken), Is.Null);
        Assert.That(Side(FuzzMending.PngChecksums(seed, broken)), Is.EqualTo(2));

        static int? Side(byte[] png)
        {
            using var data = SKData.CreateCopy(png);
            using var codec = SKCodec.Create(data);
            return codec?.Info.Width;
        }
    }

    [Test]
    public void A_mended_safetensors_header_is_as_long_as_it_became()
    {
        var seed = FuzzCorpus.Load("safetensors").First(s => s.Name == "two-floats").Bytes;
        var mended = FuzzMending.SafetensorsHeader(seed, [.. seed[..9], (byte)' ', .. seed[9..]]);
        using var session = new FuzzSession("model.safetensors");
        Assert.That(FuzzTargets.Find("safetensors").Check(session, mended));
    }
}
