using AmcEngine.Tests.Fuzz;
using SharpFuzz;

// FORMAT: reads what AFL++ sends, until it stops. FORMAT dictionary: the words of the format, as AFL++ wants them.
FuzzTarget target = FuzzTargets.Find(args[0]);
if (args is [_, "dictionary"])
{
    foreach (string token in target.Tokens)
        Console.WriteLine($"\"{string.Concat(token.Select(c => $"\\x{(int)c:x2}"))}\"");
    return;
}

// The reader runs in a child process, which is started anew when a stack overflow or AFL's time limit ends it.
using var session = new FuzzSession(target.FileName);
Fuzzer.OutOfProcess.Run(stream =>
{
    using var bytes = new MemoryStream();
    stream.CopyTo(bytes);
    target.Check(session, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
});
