namespace AmcEngine.DataTools;

/// <summary>
/// The ids seen so far. Ids of a data set lie close together, so a bit each in blocks of 512 takes a megabyte where a
/// set of numbers takes a hundred.
/// </summary>
internal sealed class IdSet
{
    private const int BlockBits = 9;

    private readonly Dictionary<long, ulong[]> _blocks = [];
    private long _lastKey = -1;
    private ulong[] _last = [];

    /// <summary>Adds an id; false where it is there already.</summary>
    public bool Add(long id)
    {
        var key = id >> BlockBits;
        if (key != _lastKey || _last.Length == 0)
        {
            if (!_blocks.TryGetValue(key, out _last!))
                _blocks[key] = _last = new ulong[1 << (BlockBits - 6)];
            _lastKey = key;
        }
        ref var word = ref _last[(id >> 6) & ((1 << (BlockBits - 6)) - 1)];
        var bit = 1ul << (int)(id & 63);
        if ((word & bit) != 0)
            return false;
        word |= bit;
        return true;
    }
}
