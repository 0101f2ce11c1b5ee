using AmcEngine.Collectives;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>What a rank asks for.</summary>
/// <param name="Kind">Which collective.</param>
/// <param name="Operands">What all ranks must say alike.</param>
/// <param name="CarryOut">Does it for the requests of all ranks.</param>
internal sealed record Request(string Kind, string Operands, Action<Request[]> CarryOut)
{
    public Tensor? Source { get; init; }

    public Tensor? Target { get; init; }

    public int[] Sent { get; init; } = [];

    public byte[] Bytes { get; init; } = [];

    public byte[][] Results { get; set; } = [];

    public override string ToString() => $"{Kind} {Operands}".TrimEnd();
}

/// <summary>What the ranks of a <see cref="ThreadCommunicator"/> share.</summary>
internal sealed class ThreadGroup(int size)
{
    // A rank that loops or waits for something else must not hang the tests.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly object _gate = new();
    private readonly Dictionary<int, Request?[]> _open = [];
    private readonly Dictionary<int, CollectiveException> _failed = [];
    private readonly Dictionary<(int, int), ThreadGroup> _parts = [];
    private readonly int[] _posted = new int[size];
    private readonly int[] _splits = new int[size];
    private readonly bool[] _ended = new bool[size];
    private int _done;
    private string? _failure;

    public int Size { get; } = size;

    /// <summary>A rank asks for its next collective, whose number is returned.</summary>
    public int Post(int rank, Request request)
    {
        lock (_gate)
        {
            var number = _posted[rank]++;
            if (!_open.TryGetValue(number, out var requests)) _open[number] = requests = new Request?[Size];
            requests[rank] = request;
            Monitor.PulseAll(_gate);
            return number;
        }
    }

    /// <summary>Returns when the collective of that number is done.</summary>
    public void Wait(int number)
    {
        lock (_gate)
        {
            while (number >= _done)
            {
                if (_failure is not null) throw new CollectiveException(_failure);
                if (_open.TryGetValue(_done, out var requests) && requests.All(r => r is not null))
                {
                    CarryOut([.. requests.Select(r => r!)]);
                    continue;
                }
                if (Array.FindIndex(_ended, e => e) is var gone and >= 0 && _posted[gone] <= _done)
                    throw new CollectiveException($"rank {gone} has ended without {Waiting()}");
                if (!Monitor.Wait(_gate, Patience))
                    throw new CollectiveException($"nobody came to {Waiting()} for {Patience.TotalSeconds} s");
            }
            if (_failed.TryGetValue(number, out var error)) throw error;
        }
    }

    /// <summary>A rank does nothing any more.</summary>
    public void End(int rank)
    {
        lock (_gate)
        {
            _ended[rank] = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>A rank has failed: whoever waits for it, in parts of the group too, is released.</summary>
    public void Fail(int rank, Exception e)
    {
        ThreadGroup[] parts;
        lock (_gate)
        {
            _failure ??= $"rank {rank} has failed: {e.Message}";
            parts = [.. _parts.Values];
            Monitor.PulseAll(_gate);
        }
        foreach (var part in parts) part.Fail(rank, e);
    }

    /// <summary>The part of that colour of a rank's next split.</summary>
    public ThreadGroup Part(int rank, int color, int size)
    {
        lock (_gate)
        {
            var key = (_splits[rank]++, color);
            if (!_parts.TryGetValue(key, out var part)) _parts[key] = part = new ThreadGroup(size);
            return part;
        }
    }

    private void CarryOut(Request[] requests)
    {
        var other = Array.FindIndex(requests, r => r.ToString() != requests[0].ToString());
        try
        {
            if (other > 0)
                throw new CollectiveException($"rank 0 calls {requests[0]}, rank {other} calls {requests[other]}");
            requests[0].CarryOut(requests);
        }
        catch (CollectiveException e)
        {
            _failed[_done] = e;
        }
        _open.Remove(_done++);
        Monitor.PulseAll(_gate);
    }

    private string Waiting() =>
        _open.GetValueOrDefault(_done)?.FirstOrDefault(r => r is not null)?.ToString() ?? "a collective";
}
