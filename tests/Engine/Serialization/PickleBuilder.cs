using System.Buffers.Binary;
using System.Text;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>Writes pickles opcode by opcode, well-formed or not.</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> _bytes = [0x80, 2];

    public byte[] Stop() => [.. _bytes, (byte)'.'];

    public byte[] Unfinished() => [.. _bytes];

    public PickleBuilder Op(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public PickleBuilder Op(char op, params byte[] argument) => Op((byte)op).Op(argument);

    public PickleBuilder Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        return Op('X').UInt32((uint)utf8.Length).Op(utf8);
    }

    public PickleBuilder Int(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return Op(0x8a, 8).Op(bytes);
    }

    public PickleBuilder Global(string module, string name) =>
        Op('c').Op(Encoding.UTF8.GetBytes($"{module}\n{name}\n"));

    public PickleBuilder Tuple(params long[] values)
    {
        Op('(');
        foreach (var value in values) Int(value);
        return Op('t');
    }

    /// <summary>A storage by its persistent id.</summary>
    public PickleBuilder Storage(string type, string key, long count, bool legacy = false, string module = "torch")
    {
        Op('(').Text("storage").Global(module, type).Text(key).Text("cpu").Int(count);
        if (legacy) Op('N');
        return Op('t').Op('Q');
    }

    /// <summary>A tensor over a whole float storage or part of it.</summary>
    public PickleBuilder Tensor(
        string key, long count, long[] shape, long[] strides, long offset = 0, string type = "FloatStorage",
        bool legacy = false)
    {
        Global("torch._utils", "_rebuild_tensor_v2").Op('(').Storage(type, key, count, legacy).Int(offset);
        return Tuple(shape).Tuple(strides).Op(0x89).Global("collections", "OrderedDict").Op(')').Op('R')
            .Op('t').Op('R');
    }

    /// <summary>What a whole pickle leaves on the stack.</summary>
    public PickleBuilder Value(byte[] pickle) => Op(pickle[..^1]);

    /// <summary>A call of a global with what <paramref name="arguments"/> writes as a tuple's items.</summary>
    public PickleBuilder Call(string module, string name, Action<PickleBuilder>? arguments = null)
    {
        Global(module, name).Op('(');
        arguments?.Invoke(this);
        return Op('t').Op('R');
    }

    /// <summary>A dict with one entry, whose value <paramref name="value"/> writes.</summary>
    public PickleBuilder Dict(string key, Func<PickleBuilder, PickleBuilder> value)
    {
        Op('}').Text(key);
        value(this);
        return Op('s');
    }

    private PickleBuilder UInt32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Op(bytes);
    }
}
