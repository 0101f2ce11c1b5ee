using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>
/// A group of processes with a CUDA device each: tensors go from device to device by NCCL, values of the host by the
/// communicator beneath. Collectives are queued in the stream of the engine's kernels: what is queued after them sees
/// their results, so that waiting for one does not stop the caller, and they do not overlap with kernels. NCCL reduces
/// an element on one rank and sends it on, so that all have the same bits. Never run on real devices: it is tested
/// against a library of the same interface that works on host memory. There is reason to doubt that it works as it is:
/// NCCL expects a device's primary context, and ILGPU makes a context of its own; so it is used only when asked for.
/// </summary>
internal sealed class NcclCommunicator : ICommunicator
{
    private readonly NcclLibrary _nccl;
    private readonly ICommunicator _host;
    private readonly INcclDevice _device;
    private readonly nint _comm;
    private bool _failed, _disposed;

    /// <summary>Joins the ranks of a communicator, once all of them do.</summary>
    /// <param name="nccl">The library.</param>
    /// <param name="host">Carries values of the host; disposed of with this.</param>
    /// <param name="device">This rank's device.</param>
    /// <exception cref="CollectiveException">NCCL refuses; two ranks on one device, say.</exception>
    public NcclCommunicator(NcclLibrary nccl, ICommunicator host, INcclDevice device)
    {
        (_nccl, _host, _device) = (nccl, host, device);
        // Everyone takes that of rank 0.
        var id = host.Rank == 0 ? nccl.NewId() : default;
        Span<byte> bytes = id;
        host.AllGather(bytes)[0].CopyTo(bytes);
        device.Bind();
        _comm = nccl.Join(host.Size, id, host.Rank);
    }

    /// <inheritdoc/>
    public string Name => $"{_nccl.Name}, {_host.Name}";

    /// <inheritdoc/>
    public int Rank => _host.Rank;

    /// <inheritdoc/>
    public int Size => _host.Size;

    /// <inheritdoc/>
    public CollectiveWork AllReduce(Tensor tensor, Reduction reduction = Reduction.Sum) =>
        Queue(tensor, tensor, (_, data) =>
            _nccl.AllReduce(data, tensor.Count, tensor.DType, reduction, _comm, _device.Stream));

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public CollectiveWork Reduce(Tensor tensor, int root)
    {
        CollectiveShapes.CheckRoot(root, Size);
        return Queue(tensor, tensor, (_, data) =>
            _nccl.Reduce(data, tensor.Count, tensor.DType, root, _comm, _device.Stream));
    }

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The target is not one of Size equal parts of the source.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    public CollectiveWork ReduceScatter(Tensor source, Tensor target)
    {
        CollectiveShapes.CheckParts("reduce_scatter", source, target, Size);
        return Queue(source, target, (from, to) =>
            _nccl.ReduceScatter(from, to, target.Count, target.DType, _comm, _device.Stream));
    }

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The source is not one of Size equal parts of the target.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    public CollectiveWork AllGather(Tensor source, Tensor target)
    {
        CollectiveShapes.CheckParts("all_gather", target, source, Size);
        return Queue(source, target, (from, to) =>
            _nccl.AllGather(from, to, source.Count, source.DType, _comm, _device.Stream));
    }

    /// <inheritdoc/>
    /// <exception cref="ShapeException">The numbers of rows are not those of the tensors.</exception>
    /// <exception cref="DTypeException">The element types differ.</exception>
    public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received)
    {
        CollectiveShapes.CheckRows(source, sent, target, received, Size);
        var bytes = source.Shape.Product(1, source.Shape.Rank) * (nint)source.DType.Size();
        return Queue(source, target, (from, to) => _nccl.AllToAll(from, sent, to, received, bytes, _comm,
            _device.Stream), isEmpty: source.Count == 0 && target.Count == 0);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    public CollectiveWork Broadcast(Tensor tensor, int root)
    {
        CollectiveShapes.CheckRoot(root, Size);
        return Queue(tensor, tensor, (_, data) =>
            _nccl.Broadcast(data, tensor.Count, tensor.DType, root, _comm, _device.Stream));
    }

    /// <inheritdoc/>
    public void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum) =>
        _host.AllReduce(values, reduction);

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes) => _host.AllGather(bytes);

    /// <inheritdoc/>
    public void Barrier()
    {
        _device.Bind();
        _device.Synchronize();
        _host.Barrier();
    }

    /// <inheritdoc/>
    public ICommunicator Split(int color, int key) => new NcclCommunicator(_nccl, _host.Split(color, key), _device);

    /// <inheritdoc/>
    public void Abort(int exitCode) => _host.Abort(exitCode);

    /// <summary>Leaves the group when the stream is done; after an error, at once.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _device.Bind();
        if (_failed) _nccl.Abort(_comm);
        else
        {
            _device.Synchronize();
            _nccl.Destroy(_comm);
        }
        _host.Dispose();
    }

    private CollectiveWork Queue(Tensor source, Tensor target, Action<nint, nint> call, bool? isEmpty = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (isEmpty ?? target.Count == 0) return CollectiveWork.Done;
        _device.Bind();
        Guarded(() => call(_device.Address(source), _device.Address(target)));
        target.Storage.Touch();
        return new Queued(this);
    }

    private void Guarded(Action call)
    {
        try
        {
            call();
        }
        catch (CollectiveException)
        {
            _failed = true;
            throw;
        }
    }

    // The stream keeps the order; only an error of the network or of another rank is left to be told.
    private sealed class Queued(NcclCommunicator owner) : CollectiveWork
    {
        public override void Wait() => owner.Guarded(() => owner._nccl.CheckRunning(owner._comm));
    }
}
