using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace AmcEngine.Tests.DataTools;

/// <summary>The tensors of one golden safetensors file, read with as little code as possible.</summary>
internal sealed class GoldenFile
{
    private readonly Dictionary<string, (int[] Shape, float[] Values)> _tensors = [];

    private GoldenFile(string path)
    {
        var bytes = File.ReadAllBytes(path);
        var header = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        using var json = JsonDocument.Parse(bytes.AsMemory(8, header));
        foreach (var entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__" || entry.Value.GetProperty("dtype").GetString() != "F32")
                continue;
            int[] shape = [.. entry.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
            int[] range = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt32())];
            var values =
                MemoryMarshal.Cast<byte, float>(bytes.AsSpan(8 + header + range[0], range[1] - range[0])).ToArray();
            _tensors.Add(entry.Name, (shape, values));
        }
    }

    public IEnumerable<string> Names => _tensors.Keys;

    public static GoldenFile Open(string name) => new(GoldenFiles.Require(name));

    public int[] Shape(string name) => _tensors[name].Shape;

    /// <summary>A tensor of whole numbers 0..255 as bytes.</summary>
    public byte[] Bytes(string name) => Array.ConvertAll(_tensors[name].Values, v => (byte)v);
}
