using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>
/// A communicator of MPI and its collectives on host addresses; all its members are for the thread that has initialised
/// MPI. Counts fit MPI's integers, since a tensor has at most 2^31 − 1 elements.
/// </summary>
internal sealed unsafe class MpiGroup
{
    // Lengths of sums that are checked: more than any training has.
    private const int MostChecked = 10_000;

    // Most bytes of one call. Libraries work in memory that they take for each call; what is larger than some tens of
    // MiB the system gives them anew each time, page by page, which takes a hundred times as long as the sum itself.
    private const int Piece = 8 << 20;

    private readonly MpiLibrary _mpi;
    private readonly MpiAbi _abi;
    private readonly MpiAgreement _agreement;
    private readonly HashSet<(int Count, DType Type)> _checked = [];
    private nint _comm;
    private long _calls;

    /// <summary>Wraps a communicator.</summary>
    public MpiGroup(MpiLibrary mpi, nint comm)
    {
        (_mpi, _abi, _comm) = (mpi, mpi.Abi, comm);
        (Rank, Size) = mpi.Place(comm);
        _agreement = new MpiAgreement(mpi, comm, Rank, Size);
    }

    /// <summary>This process, from 0.</summary>
    public int Rank { get; }

    /// <summary>Processes in the group.</summary>
    public int Size { get; }

    /// <summary>Most bytes of all ranks together that one call gathers.</summary>
    internal long LargestGather { get; set; } = int.MaxValue;

    /// <summary>Served while this rank waits for the others; null for none.</summary>
    internal RollCall? RollCall
    {
        get => _agreement.RollCall;
        set => _agreement.RollCall = value;
    }

    /// <summary>
    /// Returns when every rank is here and makes the same call. Unequal calls would hang, or mix up their data: one
    /// small exchange before each finds them.
    /// </summary>
    /// <param name="call">What must be the same on all ranks.</param>
    /// <param name="patience">How long to wait.</param>
    /// <returns>Whether all have come in that time; if not, the group is of no use any more.</returns>
    /// <exception cref="CollectiveException">The ranks' calls differ; all ranks throw.</exception>
    public bool Agree(in CollectiveCall call, TimeSpan patience)
    {
        _calls++;
        if (Size == 1) return true;
        if (_agreement.IsSame(call.Hash(), call.Bytes, patience) is not { } same) return false;
        if (same) return true;
        string[] calls = [.. Gather(Encoding.UTF8.GetBytes(call.ToString())).Select(Encoding.UTF8.GetString)];
        var other = Array.FindIndex(calls, c => c != calls[0]);
        throw new CollectiveException($"collective {_calls} differs between ranks: rank 0 calls {calls[0]}, rank "
            + $"{other} calls {calls[other]}; all ranks must make the same calls, in one order, with the same shapes");
    }

    /// <summary>
    /// Reduces in place, to the same bits on all ranks. Sums are the library's all-reduce, which is fast, piece by
    /// piece; whether its algorithm for this length gives all ranks the same is checked the first time. The largest and
    /// the smallest, of which two zeros of unlike sign have none, are found by one rank and sent to the others.
    /// </summary>
    /// <exception cref="CollectiveException">The ranks' sums differ.</exception>
    public void AllReduce(nint data, int count, DType type, Reduction reduction)
    {
        if (count == 0) return;
        var (element, op) = (_abi.Of(type), _abi.Of(reduction));
        if (reduction != Reduction.Sum)
        {
            _mpi.Reduce(Rank == 0 ? _abi.InPlace : data, data, count, element, op, 0, _comm);
            _mpi.Broadcast(data, count, element, 0, _comm);
            return;
        }
        InPieces(data, count, type.Size(), (part, n) => _mpi.AllReduce(part, n, element, op, _comm));
        if (Size > 1 && _checked.Count < MostChecked && _checked.Add((count, type))) CheckSame(data, count, type);
    }

    /// <summary>Sums in place on the root.</summary>
    public void Reduce(nint data, int count, DType type, int root)
    {
        var (size, isRoot) = (type.Size(), Rank == root);
        // MPICH 4.0 takes MPI_IN_PLACE for an address where the root is another rank than 0.
        var apart = isRoot && root > 0 && _abi.Family == MpiFamily.Mpich
            ? NativeMemory.Alloc((nuint)Math.Min((long)count * size, Piece)) : null;
        try
        {
            InPieces(data, count, size, (part, n) =>
            {
                _mpi.Reduce(isRoot && apart is null ? _abi.InPlace : part, apart is null ? part : (nint)apart, n,
                    _abi.Of(type), _abi.Sum, root, _comm);
                if (apart is not null) NativeMemory.Copy(apart, (void*)part, (nuint)((long)n * size));
            });
        }
        finally
        {
            NativeMemory.Free(apart);
        }
    }

    /// <summary>Sums and leaves <paramref name="count"/> elements on each rank.</summary>
    public void ReduceScatter(nint source, nint target, int count, DType type)
    {
        if (count == 0) return;
        var counts = new int[Size];
        Array.Fill(counts, count);
        _mpi.ReduceScatter(source, target, counts, _abi.Of(type), _abi.Sum, _comm);
    }

    /// <summary>Gathers <paramref name="count"/> elements of each rank; the own part may lie in its place.</summary>
    public void AllGather(nint source, nint target, int count, DType type)
    {
        if (count == 0) return;
        var inPlace = source == target + (nint)count * Rank * type.Size();
        _mpi.AllGather(inPlace ? _abi.InPlace : source, target, count, _abi.Of(type), _comm);
    }

    /// <summary>Sends rows to each rank and receives some from each.</summary>
    public void AllToAll(nint source, int[] sent, nint target, int[] received, int row, DType type) => _mpi.AllToAll(
        source, Array.ConvertAll(sent, n => n * row), target, Array.ConvertAll(received, n => n * row),
        _abi.Of(type), _comm);

    /// <summary>Sends the root's elements to all.</summary>
    public void Broadcast(nint data, int count, DType type, int root)
    {
        InPieces(data, count, type.Size(), (part, n) => _mpi.Broadcast(part, n, _abi.Of(type), root, _comm));
    }

    /// <summary>The bytes of each rank: their lengths first.</summary>
    public byte[][] Gather(byte[] bytes)
    {
        var counts = new int[Size];
        counts[Rank] = bytes.Length;
        fixed (int* all = counts) _mpi.AllGather(_abi.InPlace, (nint)all, 1, _abi.Int, _comm);
        var total = counts.Sum(c => (long)c);
        return total <= LargestGather ? GatherAtOnce(bytes, counts, (int)total) : GatherOneByOne(bytes, counts);
    }

    /// <summary>The ranks of the same colour, in the order of keys.</summary>
    public MpiGroup Split(int color, int key) => new(_mpi, _mpi.Split(_comm, color, key))
    {
        LargestGather = LargestGather,
        RollCall = RollCall,
    };

    /// <summary>Gives the communicator back, unless it is the world's.</summary>
    public void Release()
    {
        _agreement.Release();
        if (_comm != _abi.World) _mpi.Free(_comm);
        _comm = 0;
    }

    private static void InPieces(nint data, int count, int size, Action<nint, int> call)
    {
        var most = Piece / size;
        for (var start = 0L; start < count; start += most)
            call(data + (nint)start * size, (int)Math.Min(most, count - start));
    }

    private void CheckSame(nint data, int count, DType type)
    {
        var sum = new ReadOnlySpan<byte>((void*)data, (int)Math.Min((long)count * type.Size(), int.MaxValue));
        if (_agreement.IsSame(XxHash3.HashToUInt64(sum), sum.Length, TimeSpan.MaxValue) is true) return;
        // Which of two NaNs a sum takes depends on the side: no fault, and another sum will tell.
        if (type == DType.F32 ? HasNaN<float>(sum) : type == DType.F64 && HasNaN<double>(sum))
            _checked.Remove((count, type));
        else throw new CollectiveException($"{_mpi.Name} gives the ranks different sums of {count} {type}: it adds in "
            + "another order on each; select another algorithm for MPI_Allreduce by the library's own settings "
            + "(MPICH: MPIR_CVAR_ALLREDUCE_INTRA_ALGORITHM=recursive_doubling)");
    }

    private static bool HasNaN<T>(ReadOnlySpan<byte> values) where T : unmanaged, IFloatingPoint<T>
    {
        foreach (var value in MemoryMarshal.Cast<byte, T>(values))
            if (T.IsNaN(value)) return true;
        return false;
    }

    private byte[][] GatherAtOnce(byte[] bytes, int[] counts, int total)
    {
        var starts = MpiLibrary.Starts(counts);
        var all = new byte[total];
        fixed (byte* from = bytes, to = all)
            _mpi.AllGather((nint)from, bytes.Length, (nint)to, counts, starts, _comm);
        return [.. counts.Select((count, r) => all.AsSpan(starts[r], count).ToArray())];
    }

    // Together they are more than a count can say.
    private byte[][] GatherOneByOne(byte[] bytes, int[] counts)
    {
        var all = counts.Select((count, r) => r == Rank ? bytes : new byte[count]).ToArray();
        for (var r = 0; r < Size; r++)
            fixed (byte* data = all[r])
                _mpi.Broadcast((nint)data, counts[r], _abi.Byte, r, _comm);
        return all;
    }
}
