using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>What the ranks of an NCCL communicator find one another by: 128 bytes.</summary>
[InlineArray(Bytes)]
internal struct NcclUniqueId
{
    /// <summary>Its length.</summary>
    public const int Bytes = 128;

#pragma warning disable IDE0044, IDE0051 // The runtime repeats the one field.
    private byte _first;
#pragma warning restore IDE0044, IDE0051
}

/// <summary>NCCL, found at run time; nothing of it is needed to build.</summary>
internal sealed unsafe class NcclLibrary
{
    /// <summary>The variable that names the library; without it NCCL is not used.</summary>
    public const string Variable = "AMCX_NCCL";

    private readonly nint _handle;
    private readonly string _path;
    private readonly delegate* unmanaged[Cdecl]<int, nint> _errorString;
    private readonly delegate* unmanaged[Cdecl]<NcclUniqueId*, int> _uniqueId;
    private readonly delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, int> _initRank;
    private readonly delegate* unmanaged[Cdecl]<nint, int> _destroy, _abort;
    private readonly delegate* unmanaged[Cdecl]<nint, int*, int> _asyncError;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int> _allReduce;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int> _reduceScatter;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, nuint, int, nint, nint, int> _allGather;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int> _broadcast;
    private readonly delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, int, nint, nint, int> _reduce;
    private readonly delegate* unmanaged[Cdecl]<nint, nuint, int, int, nint, nint, int> _send, _receive;
    private readonly delegate* unmanaged[Cdecl]<int> _groupStart, _groupEnd;

    private NcclLibrary(nint handle, string path)
    {
        (_handle, _path) = (handle, path);
        _errorString = (delegate* unmanaged[Cdecl]<int, nint>)Export("ncclGetErrorString");
        int version;
        Check(((delegate* unmanaged[Cdecl]<int*, int>)Export("ncclGetVersion"))(&version), "ncclGetVersion");
        Version = version;
        _uniqueId = (delegate* unmanaged[Cdecl]<NcclUniqueId*, int>)Export("ncclGetUniqueId");
        _initRank = (delegate* unmanaged[Cdecl]<nint*, int, NcclUniqueId, int, int>)Export("ncclCommInitRank");
        _destroy = (delegate* unmanaged[Cdecl]<nint, int>)Export("ncclCommDestroy");
        _abort = (delegate* unmanaged[Cdecl]<nint, int>)Export("ncclCommAbort");
        _asyncError = (delegate* unmanaged[Cdecl]<nint, int*, int>)Export("ncclCommGetAsyncError");
        _allReduce = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)Export("ncclAllReduce");
        _reduceScatter = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)Export(
            "ncclReduceScatter");
        _allGather = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, nint, nint, int>)Export("ncclAllGather");
        _broadcast = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, nint, nint, int>)Export("ncclBroadcast");
        _reduce = (delegate* unmanaged[Cdecl]<nint, nint, nuint, int, int, int, nint, nint, int>)Export("ncclReduce");
        _send = (delegate* unmanaged[Cdecl]<nint, nuint, int, int, nint, nint, int>)Export("ncclSend");
        _receive = (delegate* unmanaged[Cdecl]<nint, nuint, int, int, nint, nint, int>)Export("ncclRecv");
        _groupStart = (delegate* unmanaged[Cdecl]<int>)Export("ncclGroupStart");
        _groupEnd = (delegate* unmanaged[Cdecl]<int>)Export("ncclGroupEnd");
    }

    /// <summary>Its version as NCCL counts: 21805 is 2.18.5.</summary>
    public int Version { get; }

    /// <summary>Name and version, for people.</summary>
    public string Name => $"NCCL {Version / 10000}.{Version / 100 % 100}.{Version % 100}";

    /// <summary>Loads the library.</summary>
    /// <param name="path">Its file, or a name that the system searches for (libnccl.so.2).</param>
    /// <exception cref="CollectiveException">It cannot be loaded, or is no NCCL.</exception>
    public static NcclLibrary Load(string path)
    {
        var handle = GlobalLibrary.Load(path, out var reason);
        return handle != 0 ? new NcclLibrary(handle, path) : throw new CollectiveException(
            $"{Variable} names {path}, which cannot be loaded ({reason}); give libnccl.so.2 or its path, or unset it");
    }

    /// <summary>A new identity, for one rank to make and all to have.</summary>
    public NcclUniqueId NewId()
    {
        NcclUniqueId id;
        Check(_uniqueId(&id), "ncclGetUniqueId");
        return id;
    }

    /// <summary>Joins a communicator, once all ranks do.</summary>
    public nint Join(int size, NcclUniqueId id, int rank)
    {
        nint comm;
        Check(_initRank(&comm, size, id, rank), "ncclCommInitRank");
        return comm;
    }

    /// <summary>ncclCommDestroy.</summary>
    public void Destroy(nint comm) => Check(_destroy(comm), "ncclCommDestroy");

    /// <summary>ncclCommAbort: waits for nobody.</summary>
    public void Abort(nint comm) => _ = _abort(comm);

    /// <summary>Throws what has failed meanwhile.</summary>
    /// <exception cref="CollectiveException">Something has.</exception>
    public void CheckRunning(nint comm)
    {
        // What has been queued may still run; that is no error.
        const int inProgress = 7;
        int error;
        Check(_asyncError(comm, &error), "ncclCommGetAsyncError");
        if (error != inProgress) Check(error, "a collective");
    }

    /// <summary>ncclAllReduce in place.</summary>
    public void AllReduce(nint data, int count, DType type, Reduction reduction, nint comm, nint stream) =>
        Check(_allReduce(data, data, (nuint)count, Of(type), Of(reduction), comm, stream), "ncclAllReduce");

    /// <summary>ncclReduce, a sum in place on the root.</summary>
    public void Reduce(nint data, int count, DType type, int root, nint comm, nint stream) =>
        Check(_reduce(data, data, (nuint)count, Of(type), Of(Reduction.Sum), root, comm, stream), "ncclReduce");

    /// <summary>ncclReduceScatter; <paramref name="count"/> elements are left on each rank.</summary>
    public void ReduceScatter(nint source, nint target, int count, DType type, nint comm, nint stream) =>
        Check(_reduceScatter(source, target, (nuint)count, Of(type), Of(Reduction.Sum), comm, stream),
            "ncclReduceScatter");

    /// <summary>ncclAllGather of <paramref name="count"/> elements a rank.</summary>
    public void AllGather(nint source, nint target, int count, DType type, nint comm, nint stream) =>
        Check(_allGather(source, target, (nuint)count, Of(type), comm, stream), "ncclAllGather");

    /// <summary>ncclBroadcast in place.</summary>
    public void Broadcast(nint data, int count, DType type, int root, nint comm, nint stream) =>
        Check(_broadcast(data, data, (nuint)count, Of(type), root, comm, stream), "ncclBroadcast");

    /// <summary>ncclSend to and ncclRecv from each rank, as one group; a row has so many bytes.</summary>
    public void AllToAll(
        nint source, int[] sent, nint target, int[] received, nint rowBytes, nint comm, nint stream)
    {
        const int bytes = 0; // ncclInt8
        Check(_groupStart(), "ncclGroupStart");
        for (var rank = 0; rank < sent.Length; rank++)
        {
            nint to = sent[rank] * rowBytes, from = received[rank] * rowBytes;
            if (to > 0) Check(_send(source, (nuint)to, bytes, rank, comm, stream), "ncclSend");
            if (from > 0) Check(_receive(target, (nuint)from, bytes, rank, comm, stream), "ncclRecv");
            (source, target) = (source + to, target + from);
        }
        Check(_groupEnd(), "ncclGroupEnd");
    }

    // ncclInt32, ncclFloat32 and ncclFloat64 of its header.
    private static int Of(DType type) => type switch
    {
        DType.F32 => 7,
        DType.F64 => 8,
        _ => 2,
    };

    // ncclSum, ncclMax and ncclMin.
    private static int Of(Reduction reduction) => reduction switch
    {
        Reduction.Max => 2,
        Reduction.Min => 3,
        _ => 0,
    };

    private void Check(int code, string call)
    {
        if (code != 0) throw new CollectiveException(
            $"{call} of NCCL failed: {Marshal.PtrToStringUTF8(_errorString(code))}; NCCL_DEBUG=INFO shows more, "
                + $"and without {Variable} tensors go through the host");
    }

    private nint Export(string name) => NativeLibrary.TryGetExport(_handle, name, out var address)
        ? address
        : throw new CollectiveException($"{_path} is no NCCL library of version 2.7 or later (it has no {name}); give "
            + $"another with {Variable}");
}
