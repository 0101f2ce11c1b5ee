using System.Diagnostics;
using AmcEngine.Tensors;

namespace AmcEngine.Collectives;

/// <summary>How the values of all ranks become one.</summary>
public enum Reduction
{
    /// <summary>Their sum.</summary>
    Sum,

    /// <summary>The largest.</summary>
    Max,

    /// <summary>The smallest.</summary>
    Min,
}

/// <summary>
/// A group of processes (ranks) that compute together, and what they do with one another: the collectives of MPI and
/// NCCL. Every rank of a group calls the same collectives in the same order, with tensors of the same shape and element
/// type. They are carried out in that order, one after the other, while the caller goes on; operands may be touched
/// again when <see cref="CollectiveWork.Wait"/> has returned. Results are the same bits on every rank.
/// </summary>
public interface ICommunicator : IDisposable
{
    /// <summary>What carries the messages, with its version, for people.</summary>
    string Name { get; }

    /// <summary>Number of this process in the group, from 0.</summary>
    int Rank { get; }

    /// <summary>Processes in the group.</summary>
    int Size { get; }

    /// <summary>Replaces the tensor by the reduction of all ranks' tensors.</summary>
    CollectiveWork AllReduce(Tensor tensor, Reduction reduction = Reduction.Sum);

    /// <summary>
    /// Replaces the root's tensor by the sum of all ranks' tensors; those of the other ranks are of no use then.
    /// </summary>
    CollectiveWork Reduce(Tensor tensor, int root);

    /// <summary>
    /// Sums the ranks' <paramref name="source"/> <c>[Size·n, …]</c> and leaves this rank's rows of the sum, those from
    /// Rank·n on, in <paramref name="target"/> <c>[n, …]</c>.
    /// </summary>
    CollectiveWork ReduceScatter(Tensor source, Tensor target);

    /// <summary>
    /// Puts the ranks' <paramref name="source"/> <c>[n, …]</c> one after the other into <paramref name="target"/>
    /// <c>[Size·n, …]</c>, in the order of ranks.
    /// </summary>
    CollectiveWork AllGather(Tensor source, Tensor target);

    /// <summary>
    /// Sends rows of <paramref name="source"/> <c>[n, …]</c> to each rank, the first <c>sent[0]</c> of them to rank 0
    /// and so on, and puts the <c>received[r]</c> rows that come from each rank r, rank 0's first, into
    /// <paramref name="target"/> <c>[m, …]</c>.
    /// </summary>
    CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received);

    /// <summary>Replaces the tensor by that of the root.</summary>
    CollectiveWork Broadcast(Tensor tensor, int root);

    /// <summary>
    /// <see cref="AllReduce(Tensor, Reduction)"/>, done when it returns: sooner than begun and waited for, since no
    /// other thread needs to take part.
    /// </summary>
    /// <exception cref="CollectiveException">It has failed.</exception>
    void AllReduceNow(Tensor tensor, Reduction reduction = Reduction.Sum) => AllReduce(tensor, reduction).Wait();

    /// <summary><see cref="ReduceScatter"/>, done when it returns.</summary>
    /// <exception cref="CollectiveException">It has failed.</exception>
    void ReduceScatterNow(Tensor source, Tensor target) => ReduceScatter(source, target).Wait();

    /// <summary><see cref="AllGather(Tensor, Tensor)"/>, done when it returns.</summary>
    /// <exception cref="CollectiveException">It has failed.</exception>
    void AllGatherNow(Tensor source, Tensor target) => AllGather(source, target).Wait();

    /// <summary>Reduces values on the host, at once.</summary>
    void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum);

    /// <summary>The bytes of each rank, which may be of different lengths, at once.</summary>
    byte[][] AllGather(ReadOnlySpan<byte> bytes);

    /// <summary>Waits for all ranks, after all that was begun before.</summary>
    void Barrier();

    /// <summary>
    /// Groups of the ranks that say the same colour, numbered in the order of <paramref name="key"/>. All ranks call
    /// it.
    /// </summary>
    ICommunicator Split(int color, int key);

    /// <summary>Ends the processes of all ranks, also those that wait for one another; it does not return.</summary>
    /// <param name="exitCode">The job's exit code.</param>
    void Abort(int exitCode);
}

/// <summary>A collective in progress.</summary>
public abstract class CollectiveWork
{
    /// <summary>One that has nothing to do.</summary>
    public static CollectiveWork Done { get; } = new Nothing();

    /// <summary>Returns when the operands hold the result and may be touched.</summary>
    /// <exception cref="CollectiveException">It has failed.</exception>
    public abstract void Wait();

    /// <summary>
    /// When its data were on their way, as time stamps of <see cref="Stopwatch"/>, without the wait
    /// for ranks that came late; known once <see cref="Wait"/> has returned, and null where the library does not tell.
    /// </summary>
    public virtual (long Began, long Ended)? Moved => null;

    private sealed class Nothing : CollectiveWork
    {
        public override void Wait()
        {
        }
    }
}

/// <summary>Ranks could not do something together; the message names what, and the remedy.</summary>
public sealed class CollectiveException(string message, Exception? inner = null) : Exception(message, inner);
