using System.Globalization;
using System.Numerics;

namespace AmcEngine.Files.Pickle;

/// <summary>
/// A pickle stack machine that builds plain data and nothing else. Python's own machine calls whatever the file names;
/// this one calls only the functions that <paramref name="globals"/> hands out. An opaque <see cref="IPickleObject"/>
/// in place of a function is called by nobody: what it would make is that object again.
/// </summary>
/// <remarks>
/// Results: <c>null</c>, <see cref="bool"/>, <see cref="long"/> (<see cref="BigInteger"/> beyond 64 bits),
/// <see cref="double"/>, <see cref="string"/>, <c>byte[]</c>, tuple = <c>object?[]</c>, list and set =
/// <see cref="List{T}"/>, dict = <see cref="OrderedDictionary{TKey, TValue}"/>, and what the functions return. There is
/// no recursion anywhere, every step consumes input, and the number of steps is capped: time and memory are bounded by
/// the file's size. The graph may share or even contain itself, so whoever walks it must bound its depth.
/// </remarks>
/// <param name="input">Where to read; it stands behind the pickle afterwards.</param>
/// <param name="globals">Module and name → function, marker or opaque object.</param>
/// <param name="persistentLoad">Persistent id → object.</param>
public sealed class PickleReader(
    PickleInput input, Func<string, string, object> globals, Func<object?, object?> persistentLoad)
{
    private const int MaxIntegerBytes = 256;

    /// <summary>Longest text that may be a key of a dict or the name of a storage.</summary>
    public const int MaxKeyLength = 1024;

    private readonly List<object?> _stack = [];
    private readonly List<int> _marks = [];
    private readonly Dictionary<uint, object?> _memo = [];

    /// <summary>Reads one pickle up to its STOP.</summary>
    /// <exception cref="Exception">
    /// What the input makes of a problem: the pickle is damaged, too large, or names something not allowed.
    /// </exception>
    public object? Read()
    {
        for (var step = 0; step < input.Limits.MaxSteps; step++)
        {
            var op = input.ReadByte();
            if (op == (byte)'.') return Pop();
            var known = Scalar(op) || Text(op) || Container(op) || Memo(op) || Build(op);
            if (!known) throw input.Broken($"opcode 0x{op:x2} is unknown or not allowed");
        }
        throw input.Broken($"it takes more than {input.Limits.MaxSteps} steps");
    }

    private bool Scalar(byte op)
    {
        switch (op)
        {
            case 0x80: CheckProtocol(input.ReadByte()); break;
            case 0x95: input.ReadInt64(); break; // FRAME only groups bytes for streaming
            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'J': Push((long)input.ReadInt32()); break;
            case (byte)'K': Push((long)input.ReadByte()); break;
            case (byte)'M': Push((long)input.ReadUInt16()); break;
            case (byte)'I': Push(ParseInt(input.ReadLine())); break;
            case (byte)'L': Push(ParseLong(input.ReadLine())); break;
            case 0x8a: Push(ReadInteger(input.ReadByte())); break;
            case 0x8b: Push(ReadInteger(input.ReadInt32())); break;
            case (byte)'G': Push(input.ReadDouble()); break;
            case (byte)'F': Push(ParseDouble(input.ReadLine())); break;
            default: return false;
        }
        return true;
    }

    private bool Text(byte op)
    {
        switch (op)
        {
            case (byte)'X': Push(input.ReadText(input.ReadUInt32())); break;
            case 0x8c: Push(input.ReadText(input.ReadByte())); break;
            case 0x8d: Push(input.ReadText(input.ReadInt64())); break;
            // Python 2 wrote its (byte) strings with these two; keys and names are such.
            case (byte)'T': Push(input.ReadText(input.ReadInt32())); break;
            case (byte)'U': Push(input.ReadText(input.ReadByte())); break;
            case (byte)'S': Push(PythonText.FromRepr(input)); break;
            case (byte)'V': Push(PythonText.FromRawUnicodeEscape(input.ReadLineBytes())); break;
            case (byte)'B': Push(input.ReadBytes(input.ReadUInt32())); break;
            case (byte)'C': Push(input.ReadBytes(input.ReadByte())); break;
            case 0x8e or 0x96: Push(input.ReadBytes(input.ReadInt64())); break;
            default: return false;
        }
        return true;
    }

    private bool Container(byte op)
    {
        switch (op)
        {
            case (byte)'(': _marks.Add(_stack.Count); break;
            case (byte)')': Push(Array.Empty<object?>()); break;
            case 0x85: Push(PopMany(1)); break;
            case 0x86: Push(PopMany(2)); break;
            case 0x87: Push(PopMany(3)); break;
            case (byte)'t': Push(PopToMark()); break;
            case (byte)']' or 0x8f: Push(new List<object?>()); break;
            case (byte)'l' or 0x91: Push(new List<object?>(PopToMark())); break;
            case (byte)'a': Append(PopMany(1)); break;
            case (byte)'e' or 0x90: Append(PopToMark()); break;
            case (byte)'}': Push(NewDictionary()); break;
            case (byte)'d':
                var pairs = PopToMark();
                Push(NewDictionary());
                SetItems(pairs);
                break;
            case (byte)'s': SetItems(PopMany(2)); break;
            case (byte)'u': SetItems(PopToMark()); break;
            default: return false;
        }
        return true;
    }

    private bool Memo(byte op)
    {
        switch (op)
        {
            case (byte)'q': _memo[input.ReadByte()] = Peek(); break;
            case (byte)'r': _memo[input.ReadUInt32()] = Peek(); break;
            case (byte)'p': _memo[ParseIndex(input.ReadLine())] = Peek(); break;
            case 0x94: _memo[(uint)_memo.Count] = Peek(); break;
            case (byte)'h': Push(Recall(input.ReadByte())); break;
            case (byte)'j': Push(Recall(input.ReadUInt32())); break;
            case (byte)'g': Push(Recall(ParseIndex(input.ReadLine()))); break;
            case (byte)'2': Push(Peek()); break;
            case (byte)'0': PopOrMark(); break;
            case (byte)'1': PopToMark(); break;
            default: return false;
        }
        return true;
    }

    private bool Build(byte op)
    {
        switch (op)
        {
            case (byte)'c': Push(globals(input.ReadLine(), input.ReadLine())); break;
            case 0x93:
                var names = PopMany(2);
                if (names is not [string module, string name]) throw input.Broken("a global without a name");
                Push(globals(module, name));
                break;
            case (byte)'R' or 0x81: Call(PopMany(2)); break;
            case 0x92: // NEWOBJ_EX: class, arguments, named arguments
                var extended = PopMany(3);
                Call([extended[0], extended[1]]);
                break;
            case (byte)'i':
                var instance = globals(input.ReadLine(), input.ReadLine());
                Call([instance, PopToMark()]);
                break;
            case (byte)'o':
                var parts = PopToMark();
                if (parts.Length == 0) throw input.Broken("an object without a class");
                Call([parts[0], parts[1..]]);
                break;
            case (byte)'b': SetState(PopMany(1)[0]); break;
            case (byte)'Q': Push(persistentLoad(Pop())); break;
            default: return false;
        }
        return true;
    }

    /// <summary>
    /// Calls a function that was handed out. What an unknown name would make is as opaque as the name.
    /// </summary>
    private void Call(object?[] functionAndArguments)
    {
        if (functionAndArguments[0] is IPickleObject { IsOpaque: true } opaque)
        {
            Push(opaque);
            return;
        }
        if (functionAndArguments is not [PickleFunction function, object?[] arguments])
            throw input.Broken("a call of something that is not a function");
        Push(function(arguments));
    }

    /// <summary>BUILD sets attributes; those of a dict (a state dict's module versions) matter to nobody.</summary>
    private void SetState(object? state)
    {
        switch (Peek())
        {
            case IPickleObject target: target.SetState(state); break;
            case OrderedDictionary<object, object?>: break;
            default: throw input.Broken("a state for an object that has none");
        }
    }

    private void Append(object?[] items)
    {
        if (Peek() is IPickleObject { IsOpaque: true }) return;
        if (Peek() is not List<object?> list) throw input.Broken("items for something that is not a list");
        list.AddRange(items);
    }

    private void SetItems(object?[] pairs)
    {
        if (Peek() is IPickleObject { IsOpaque: true }) return;
        if (Peek() is not OrderedDictionary<object, object?> dictionary || pairs.Length % 2 != 0)
            throw input.Broken("keys and values for something that is not a dict");
        for (var i = 0; i < pairs.Length; i += 2) Set(input, dictionary, pairs[i], pairs[i + 1]);
    }

    /// <summary>
    /// Adds an entry to a dict. Plain and short keys only: hashing nested tuples that share parts could take
    /// exponential time, and hashing one long text a million times takes hours. Nobody's weights have other keys, so an
    /// entry under a tuple or an object (a counter's, say) is left out.
    /// </summary>
    public static void Set(PickleInput input, OrderedDictionary<object, object?> dictionary, object? key, object? value)
    {
        if (key is string { Length: > MaxKeyLength })
            throw input.Broken($"a dict key of more than {MaxKeyLength} characters");
        if (key is string or long or bool or double) dictionary[key] = value;
    }

    private static OrderedDictionary<object, object?> NewDictionary() => [];

    private void Push(object? value) => _stack.Add(value);

    private object? Peek() => _stack.Count > Floor() ? _stack[^1] : throw input.Broken("the stack is empty");

    private object? Pop()
    {
        var value = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return value;
    }

    private void PopOrMark()
    {
        if (_marks.Count > 0 && _stack.Count == _marks[^1]) _marks.RemoveAt(_marks.Count - 1);
        else Pop();
    }

    private object?[] PopMany(int count) =>
        _stack.Count - Floor() >= count ? Take(_stack.Count - count) : throw input.Broken("the stack is empty");

    private object?[] PopToMark()
    {
        if (_marks.Count == 0) throw input.Broken("there is no mark on the stack");
        var mark = _marks[^1];
        _marks.RemoveAt(_marks.Count - 1);
        return Take(mark);
    }

    private object?[] Take(int from)
    {
        var values = new object?[_stack.Count - from];
        _stack.CopyTo(from, values, 0, values.Length);
        _stack.RemoveRange(from, values.Length);
        return values;
    }

    private int Floor() => _marks.Count == 0 ? 0 : _marks[^1];

    private object? Recall(uint index) =>
        _memo.TryGetValue(index, out var value) ? value : throw input.Broken($"memo entry {index} does not exist");

    private void CheckProtocol(byte protocol)
    {
        if (protocol > 5) throw input.Broken($"pickle protocol {protocol} is newer than 5");
    }

    private object ReadInteger(int length)
    {
        if (length is < 0 or > MaxIntegerBytes) throw input.Broken($"an integer of {length} bytes");
        return Narrow(new BigInteger(input.ReadBytes(length)));
    }

    private static object Narrow(BigInteger value) =>
        value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;

    private object ParseInt(string text) => text switch
    {
        "00" => false,
        "01" => true,
        _ => ParseLong(text),
    };

    private object ParseLong(string text) =>
        BigInteger.TryParse(
            text.TrimEnd('L'), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? Narrow(value)
            : throw input.Broken("a number that is none");

    private uint ParseIndex(string text) =>
        uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw input.Broken("a memo index that is none");

    private double ParseDouble(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw input.Broken("a number that is none");
}
