using System.Buffers.Binary;
using System.Text;

namespace AmcEngine.Serialization;

/// <summary>
/// Writes a state dict as the pickle (protocol 2) that PyTorch's <c>torch.load</c> turns into an <c>OrderedDict</c> of
/// tensors, with nothing in it that <c>weights_only=True</c> refuses.
/// </summary>
internal sealed class TorchPickleWriter
{
    private readonly MemoryStream _bytes = new();
    private readonly Dictionary<string, byte> _globals = new(StringComparer.Ordinal);

    private TorchPickleWriter()
    {
    }

    /// <summary>The pickle.</summary>
    /// <param name="tensors">The state dict.</param>
    /// <param name="storages">The storage of each.</param>
    /// <param name="key">The key of a dict around it; null for none.</param>
    public static byte[] Write(IReadOnlyList<TensorData> tensors, IReadOnlyList<int> storages, string? key)
    {
        var writer = new TorchPickleWriter();
        writer.Op([0x80, 2]);
        if (key is not null)
        {
            writer.Op("}"u8);
            writer.Text(key);
        }
        writer.EmptyDict();
        writer.Op("("u8);
        for (var i = 0; i < tensors.Count; i++)
        {
            writer.Text(tensors[i].Name);
            writer.Tensor(tensors[i], storages[i]);
        }
        writer.Op("u"u8);
        if (key is not null) writer.Op("s"u8);
        writer.Op("."u8);
        return writer._bytes.ToArray();
    }

    // _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)
    private void Tensor(TensorData tensor, int storage)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Op("(("u8);
        Text("storage");
        Global("torch", TorchGlobals.StorageClass(tensor.Type));
        Text($"{storage}");
        Text("cpu");
        Number(tensor.Count);
        Op("tQ"u8);
        Number(0);
        Tuple([.. tensor.Shape]);
        Tuple(Strides(tensor.Shape));
        Op([0x89]);
        EmptyDict();
        Op("tR"u8);
    }

    private static long[] Strides(IReadOnlyList<long> shape)
    {
        var strides = new long[shape.Count];
        long step = 1;
        for (var axis = shape.Count - 1; axis >= 0; axis--)
        {
            strides[axis] = step;
            // PyTorch counts an empty axis as one here.
            step *= Math.Max(shape[axis], 1);
        }
        return strides;
    }

    private void EmptyDict()
    {
        Global("collections", "OrderedDict");
        Op(")R"u8);
    }

    private void Tuple(long[] values)
    {
        if (values.Length == 0)
        {
            Op(")"u8);
            return;
        }
        Op("("u8);
        foreach (var value in values) Number(value);
        Op("t"u8);
    }

    /// <summary>A name, written out the first time and taken from the memo after that.</summary>
    private void Global(string module, string name)
    {
        var key = $"{module}\n{name}\n";
        if (_globals.TryGetValue(key, out var known))
        {
            Op([(byte)'h', known]);
            return;
        }
        Op("c"u8);
        Op(Encoding.ASCII.GetBytes(key));
        var index = (byte)_globals.Count;
        _globals.Add(key, index);
        Op([(byte)'q', index]);
    }

    private void Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Op("X"u8);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        Op(length);
        Op(bytes);
    }

    private void Number(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        switch (value)
        {
            case >= 0 and <= byte.MaxValue:
                Op([(byte)'K', bytes[0]]);
                break;
            case >= 0 and <= ushort.MaxValue:
                Op([(byte)'M', bytes[0], bytes[1]]);
                break;
            case >= 0 and <= int.MaxValue:
                Op("J"u8);
                Op(bytes[..4]);
                break;
            default:
                Op([0x8a, 8]);
                Op(bytes);
                break;
        }
    }

    private void Op(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);
}
