using System.Diagnostics;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text.Json;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>PyTorch checkpoints that are written here, read by our reader, by .NET's zip reader, by PyTorch.</summary>
[TestFixture]
internal sealed class TorchWriterTests : FolderTests
{
    private const string Python = "/usr/bin/python3";

    // What PyTorch found, as JSON. Values as their bytes, so that NaN and signs of zero count.
    private const string Script = """
        import sys, json, torch
        def info(t):
            flat = t.contiguous().reshape(-1)
            data = flat.view(torch.int16) if t.dtype in (torch.float16, torch.bfloat16) else flat
            return [str(t.dtype), list(t.shape), list(t.stride()), data.numpy().tobytes().hex()]
        out = {}
        for path in sys.argv[1:]:
            root = torch.load(path, weights_only=True)
            state = root['model'] if 'model' in root else root
            first = {}
            out[path] = [[type(root).__name__, type(state).__name__],
                [[name] + info(t) + [first.setdefault(t.storage().data_ptr(), name)] for name, t in state.items()]]
        source = torch.load(sys.argv[1], weights_only=True)['model']['floats']
        out['half'], out['bfloat16'] = info(source.half())[3], info(source.bfloat16())[3]
        print(json.dumps(out))
        """;

    [TestCase(null)]
    [TestCase("model")]
    public void What_is_written_is_read_back(string? key)
    {
        var path = _folder.PathOf("x.pth");
        TensorData[] tensors = [.. TiedNamesTests.Tied(), .. AllTypes()];
        TorchWriter.Write(path, tensors, key);
        using var file = TensorFile.Open(path);
        Assert.That(file.Key, Is.EqualTo(key));
        Assert.That(file.Tensors.Select(t => t.ToString()), Is.EqualTo(tensors.Select(t => t.ToString())));
        Assert.That(
            file.Tensors.Select(t => t.Bytes.ToArray()), Is.EqualTo(tensors.Select(t => t.Bytes.ToArray())));
        var keys = file.Tensors.ToDictionary(t => t.Name, t => t.StorageKey);
        Assert.That(keys["b"], Is.EqualTo(keys["a"]), "tied");
        Assert.That(keys["same"], Is.Not.EqualTo(keys["a"]));
        Assert.That(keys.Values.Distinct().Count(), Is.EqualTo(tensors.Length - 2));
        Assert.That(Directory.GetFiles(_folder.Path), Is.EqualTo(new[] { path }));
    }

    // With numbers of 32 bits taken for too small from 100 on, all of zip64 is needed.
    [TestCase(uint.MaxValue)]
    [TestCase(100)]
    public void The_archive_is_sound_and_its_data_is_aligned(long narrowLimit)
    {
        var path = _folder.PathOf("x.pth");
        using (var stream = File.Create(path))
            TorchWriter.Write(new ZipWriter(stream, narrowLimit), [.. TiedNamesTests.Tied(), .. AllTypes()], "model");
        var bytes = File.ReadAllBytes(path);
        using (var archive = ZipFile.OpenRead(path))
            foreach (var entry in archive.Entries)
            {
                using var content = new MemoryStream();
                using (var open = entry.Open())
                    open.CopyTo(content);
                Assert.That(content.Length, Is.EqualTo(entry.Length), entry.FullName);
                Assert.That(Crc32.HashToUInt32(content.ToArray()), Is.EqualTo(entry.Crc32), entry.FullName);
                if (content.Length > 8)
                    Assert.That(bytes.AsSpan().IndexOf(content.ToArray()) % 64, Is.Zero, entry.FullName);
            }
        using var file = TensorFile.Open(path);
        Assert.That(file.Tensors.Single(t => t.Name == "I64").ToI64(), Is.EqualTo(new[] { long.MinValue, -1, 77 }));
    }

    [Test]
    public void Equal_content_gives_equal_bytes()
    {
        string[] paths = [_folder.PathOf("a.pth"), _folder.PathOf("b.pth")];
        foreach (var path in paths)
            TorchWriter.Write(path, TiedNamesTests.Tied(), "model");
        Assert.That(File.ReadAllBytes(paths[1]), Is.EqualTo(File.ReadAllBytes(paths[0])));
    }

    [Test]
    public void Values_are_handed_over_in_parts()
    {
        var largest = 0;
        var streamed = TensorData.From("w", TensorDataType.F32, [3_000_001], (offset, target) =>
        {
            largest = Math.Max(largest, target.Length);
            target.Clear();
        });
        TorchWriter.Write(_folder.PathOf("x.pth"), [streamed], null);
        Assert.That(largest, Is.InRange(1, 1 << 20));
        Assert.That(new FileInfo(_folder.PathOf("x.pth")).Length, Is.InRange(12_000_004, 12_002_000));
    }

    [Test]
    public void PyTorch_reads_what_is_written()
    {
        if (!HasTorch())
            Assert.Ignore("PyTorch is not installed for /usr/bin/python3: apt-get install python3-torch");
        TensorData[] tensors = [.. TiedNamesTests.Tied(), .. AllTypes(), Floats()];
        string[] paths = [_folder.PathOf("m.pth"), _folder.PathOf("flat.pth"), _folder.PathOf("half.pth"),
            _folder.PathOf("brain.pth")];
        TorchWriter.Write(paths[0], tensors, "model");
        TorchWriter.Write(paths[1], tensors, null);
        TorchWriter.Write(paths[2], [Floats().ConvertTo(TensorDataType.F16)], null);
        TorchWriter.Write(paths[3], [Floats().ConvertTo(TensorDataType.BF16)], null);
        var answer = RunTorch(paths);
        foreach (var path in paths[..2])
        {
            var found = answer.GetProperty(path);
            string[] kinds = [.. found[0].EnumerateArray().Select(k => k.GetString()!)];
            Assert.That(kinds, Is.EqualTo(new[] { path == paths[1] ? "OrderedDict" : "dict", "OrderedDict" }));
            Assert.That(found[1].GetArrayLength(), Is.EqualTo(tensors.Length));
            foreach (var (seen, tensor) in found[1].EnumerateArray().Zip(tensors))
                AssertSame(seen, tensor);
        }
        foreach (var (path, torch) in new[] { (paths[2], "half"), (paths[3], "bfloat16") })
            Assert.That(answer.GetProperty(path)[1][0][4].GetString(),
                Is.EqualTo(answer.GetProperty(torch).GetString()), $"rounded as torch.Tensor.{torch} does");
    }

    private static void AssertSame(JsonElement seen, TensorData tensor)
    {
        var type = tensor.Type switch
        {
            TensorDataType.F32 => "float32",
            TensorDataType.F64 => "float64",
            TensorDataType.F16 => "float16",
            TensorDataType.BF16 => "bfloat16",
            TensorDataType.Bool => "bool",
            TensorDataType.U8 => "uint8",
            var whole => $"int{8 * whole.Size()}",
        };
        Assert.That(seen[0].GetString(), Is.EqualTo(tensor.Name));
        Assert.That(seen[1].GetString(), Is.EqualTo($"torch.{type}"), tensor.Name);
        Assert.That(seen[2].EnumerateArray().Select(d => d.GetInt64()), Is.EqualTo(tensor.Shape), tensor.Name);
        Assert.That(
            seen[4].GetString(), Is.EqualTo(Convert.ToHexStringLower(tensor.Bytes.Span)), tensor.Name);
        // All but the names of "a" have a storage of their own; the empty tensors' is nowhere.
        if (tensor.Count > 0)
            Assert.That(seen[5].GetString(), Is.EqualTo(tensor.Name is "b" or "d" ? "a" : tensor.Name));
    }

    private static bool HasTorch() =>
        File.Exists(Python) && Directory.Exists("/usr/lib/python3/dist-packages/torch");

    private static JsonElement RunTorch(string[] paths)
    {
        var start = new ProcessStartInfo(Python, ["-c", Script, .. paths])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, error.Result);
        return JsonDocument.Parse(output).RootElement;
    }

    /// <summary>A tensor of every type, ranks from 0 to 3, one without elements.</summary>
    private static TensorData[] AllTypes()
    {
        byte[] sixteen = [.. Enumerable.Range(0, 16).Select(i => (byte)(i * 37))];
        return
        [
            TensorData.FromBytes("F16", TensorDataType.F16, [2, 2, 2], sixteen),
            TensorData.FromBytes("BF16", TensorDataType.BF16, [8], sixteen),
            TensorData.FromBytes("I16", TensorDataType.I16, [4, 2], sixteen),
            TensorData.FromBytes("I8", TensorDataType.I8, [16, 1], sixteen),
            TensorData.FromBytes("U8", TensorDataType.U8, [1, 16], sixteen),
            TensorData.FromBytes("I32", TensorDataType.I32, [4], sixteen),
            TensorData.FromBytes("Bool", TensorDataType.Bool, [3], new byte[] { 0, 1, 1 }),
            TensorData.From("I64", [3], [long.MinValue, -1, 77]),
            TensorData.From("F64", [], [Math.PI]),
            TensorData.From("empty", [0, 300], Array.Empty<float>()),
            TensorData.From("large extents", [1, 70_000, 1], [.. Enumerable.Range(1, 70_000).Select(i => (float)i)]),
        ];
    }

    // Halfway cases of both types, their neighbours, the smallest and largest numbers, infinities, and noise. What
    // PyTorch makes of the bits of a NaN depends on the processor.
    private static TensorData Floats()
    {
        var random = new Random(1);
        float[] special = [0, -0f, 1, 1.0009765625f, 1.00048828125f, 1.00146484375f, 1.00390625f, 1.01171875f, 65504,
            6e-8f, 2.9802322e-8f, 2.98023259e-8f, 5.96e-8f, float.Epsilon, -1e-40f, 3.14159274f, -2.71828f,
            float.PositiveInfinity, float.NegativeInfinity];
        float[] all = [.. special, .. Enumerable.Range(0, 2000).Select(
            _ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-9, 5))))];
        return TensorData.From("floats", [all.Length], all);
    }
}
