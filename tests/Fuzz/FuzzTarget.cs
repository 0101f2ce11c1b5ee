using AmcEngine.Amc.CommandLine;

namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// What a fuzzer may find beside an exception of the wrong type: a promise of the reader that does not hold.
/// </summary>
internal sealed class FuzzFailure(string message) : Exception(message);

/// <summary>
/// One reader under fuzzing. It may take bytes or refuse them by an exception that it documents, which a user
/// sees as one short line; everything else (another exception, too much memory, a promise that does not hold) is a
/// find.
/// </summary>
/// <param name="Name">The format, which is also the folder of its seeds.</param>
/// <param name="FileName">What the file is called that the reader is given.</param>
/// <param name="Read">Reads the file of a session and checks what came of it.</param>
/// <param name="Refusals">The exceptions that the reader documents.</param>
internal sealed record FuzzTarget(string Name, string FileName, Action<FuzzSession> Read, params Type[] Refusals)
{
    /// <summary>Longest line that may be printed.</summary>
    private const int MaxLine = 300;

    /// <summary>
    /// What reading may allocate beyond a multiple of the input; checkpoints have documented caps of this order.
    /// </summary>
    private const long MemoryFloor = 64L << 20;

    /// <summary>Deflate's ratio, the largest by which honest input may grow.</summary>
    private const long MemoryFactor = 2 * 1032;

    /// <summary>Words of the format, for the mutator and as AFL's dictionary.</summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>
    /// Mends what hides damage behind damage, such as a length or a checksum in front of the mutated part.
    /// </summary>
    public Func<byte[], byte[], byte[]> Mend { get; init; } = (_, mutated) => mutated;

    /// <summary>Gives the bytes to the reader.</summary>
    /// <returns>Whether they were taken.</returns>
    /// <exception cref="FuzzFailure">A promise of the reader does not hold.</exception>
    public bool Check(FuzzSession session, ReadOnlySpan<byte> bytes)
    {
        session.Write(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var taken = true;
        try
        {
            Read(session);
        }
        catch (Exception e) when (Refusals.Any(refusal => refusal.IsInstanceOfType(e)))
        {
            CheckRefusal(e, session);
            taken = false;
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        return allocated <= MemoryFloor + MemoryFactor * bytes.Length
            ? taken
            : throw new FuzzFailure($"{bytes.Length} bytes made the reader allocate {allocated}");
    }

    /// <summary>
    /// Holds that what a user sees of a refusal names the file and is one line that a terminal can show.
    /// </summary>
    public static void CheckRefusal(Exception refusal, FuzzSession session)
    {
        using var output = new StringWriter();
        if (ErrorReporter.Report(refusal, output, verbose: false) != ErrorReporter.BadInput)
            throw new FuzzFailure($"a refusal that is not taken for bad input: {refusal}");
        var line = output.ToString().TrimEnd('\n');
        if (!line.Contains(session.Folder, StringComparison.Ordinal))
            throw new FuzzFailure($"the message does not name the file: {line}");
        if (line.Length > MaxLine)
            throw new FuzzFailure($"the message has {line.Length} characters: {line[..MaxLine]}…");
        if (line.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029'))
            throw new FuzzFailure("the message holds a control character: "
                + $"{string.Concat(line.Select(c => char.IsControl(c) ? $"<{(int)c:x2}>" : $"{c}"))}");
    }
}
