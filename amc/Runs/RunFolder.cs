using System.Diagnostics;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs.TensorBoard;
using AmcEngine.Files;

namespace AmcEngine.Amc.Runs;

/// <summary>
/// The folder that a run writes to, held by one process: the lock is an open file, which the operating system closes
/// however the process ends. A run that is there is never touched, or set aside until its successor has saved.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    /// <summary>Where an earlier run waits, inside the folder, until the one that replaces it has saved.</summary>
    public const string Previous = "previous-run";

    private const string LockFile = ".lock";
    private const string Moving = Previous + DurableFile.TemporarySuffix;

    // What a run writes; other files in the folder are somebody else's. The checkpoints move first: they matter most.
    private static readonly string[] Own =
        [CheckpointLayout.Checkpoints, TrainingLog.FileName, CheckpointLayout.Grid, CheckpointLayout.Curves,
            CheckpointLayout.Report];

    // Another process holds the file: EAGAIN on Linux and on macOS, a sharing violation on Windows.
    private static readonly int[] HeldByAnother = [11, 35, unchecked((int)0x80070020)];

    // A launcher may end before the last process of its job, and what starts the job again comes at once.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5), Pause = TimeSpan.FromMilliseconds(50);

    private readonly FileStream _lock;
    private readonly bool _created;
    private Action<string>? _say;

    private RunFolder(string path, FileStream held, bool created) => (Path, _lock, _created) = (path, held, created);

    /// <summary>The folder as the user named it.</summary>
    public string Path { get; }

    /// <summary>Whether the folder holds a run, saved or not.</summary>
    public static bool HoldsRun(string folder) =>
        File.Exists(In(folder, TrainingLog.FileName)) || Directory.Exists(In(folder, CheckpointLayout.Checkpoints))
            || Directory.Exists(In(folder, Previous)) || Directory.Exists(In(folder, Moving));

    /// <summary>The folder of a new run that the user named.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="overwrite">Whether a run that is there is replaced.</param>
    /// <param name="say">Told where a run that was set aside comes back.</param>
    /// <param name="patience">How long to wait for another process to end; some seconds by default.</param>
    /// <exception cref="ConfigException">
    /// It holds a run, is in use by another process, or cannot be written.
    /// </exception>
    public static RunFolder ClaimNamed(string folder, bool overwrite, Action<string> say, TimeSpan? patience = null)
    {
        var claimed = Claim(folder, patience);
        try
        {
            if (HoldsRun(folder) && !overwrite)
            {
                throw new ConfigException(HasSaved(folder)
                    ? $"{folder}: holds a run already; go on with it by --resume {ShellWord.Quote(folder)}, "
                        + "replace it with --overwrite, or choose another --output"
                    : $"{folder}: holds a run already, which --resume cannot take up because it has saved nothing; "
                        + "replace it with --overwrite, or choose another --output");
            }
            claimed._say = say;
            if (overwrite)
                claimed.SetAside();
            return claimed;
        }
        catch
        {
            claimed.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The first folder of NAME, NAME-2, NAME-3 … that holds no run and no other process is about to use.
    /// </summary>
    /// <param name="folder">NAME.</param>
    /// <exception cref="ConfigException">It cannot be written.</exception>
    public static RunFolder ClaimFree(string folder)
    {
        for (var number = 1; ; number++)
        {
            var candidate = number == 1 ? folder : FormattableString.Invariant($"{folder}-{number}");
            if (HoldsRun(candidate) || TryClaim(candidate) is not { } claimed)
                continue;
            if (!HoldsRun(candidate))
                return claimed;
            claimed.Dispose();
        }
    }

    /// <summary>The folder of a run to go on with.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="patience">As of <see cref="ClaimNamed"/>.</param>
    /// <exception cref="ConfigException">
    /// It is not there, is in use by another process, or cannot be written.
    /// </exception>
    public static RunFolder Reopen(string folder, TimeSpan? patience = null) => Directory.Exists(folder)
        ? Claim(folder, patience)
        : throw new ConfigException($"{folder}: checkpoint not found; check the path");

    /// <summary>Forgets the run that was set aside: the new one has saved.</summary>
    public void DropPrevious()
    {
        if (Directory.Exists(In(Path, Previous)))
            Directory.Delete(In(Path, Previous), recursive: true);
    }

    /// <summary>
    /// Gives the folder back; a run that was set aside returns to its place where the new one has not saved.
    /// </summary>
    public void Dispose()
    {
        try
        {
            if (Directory.Exists(In(Path, Previous)) && !HasSaved(Path))
            {
                PutBack();
                _say?.Invoke($"{Path}: the run before is back, since the new one has saved nothing");
            }
            // The lock's file stays beside a run: a file that went away could be locked by two.
            if (Directory.EnumerateFileSystemEntries(Path).All(e => System.IO.Path.GetFileName(e) == LockFile))
            {
                File.Delete(In(Path, LockFile));
                if (_created)
                    Directory.Delete(Path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A run that could not go back is found in "previous-run" by the next command that uses the folder.
        }
        finally
        {
            _lock.Dispose();
        }
    }

    private static bool HasSaved(string folder) => CheckpointLayout.IsCheckpoint(CheckpointLayout.Last(folder))
        || CheckpointLayout.IsCheckpoint(CheckpointLayout.LastGood(folder));

    private static RunFolder Claim(string folder, TimeSpan? patience)
    {
        var start = Stopwatch.GetTimestamp();
        for (var most = patience ?? Patience; ; Thread.Sleep(Pause))
        {
            if (TryClaim(folder) is { } claimed)
                return claimed;
            if (Stopwatch.GetElapsedTime(start) > most)
                throw new ConfigException($"{folder}: another process is training in this folder; wait until it ends, "
                    + "or choose another --output");
        }
    }

    // Null where another process holds the folder.
    private static RunFolder? TryClaim(string folder)
    {
        var created = !Directory.Exists(folder);
        FileStream? held = null;
        try
        {
            Directory.CreateDirectory(folder);
            held = new FileStream(In(folder, LockFile), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            Recover(folder);
            return new RunFolder(folder, held, created);
        }
        catch (IOException e) when (held is null && HeldByAnother.Contains(e.HResult))
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new ConfigException($"{folder}: the output folder cannot be written ({e.Message.TrimEnd('.')}); "
                + "choose another with --output", e);
        }
    }

    private static string In(string folder, string name) => System.IO.Path.Combine(folder, name);

    // What a killed process has left half done: temporaries, and a run that was on its way aside or back.
    private static void Recover(string folder)
    {
        if (Directory.Exists(In(folder, Moving)))
            MoveBack(folder);
        foreach (var file in Directory.EnumerateFiles(folder, "*" + DurableFile.TemporarySuffix).Where(
            f => Own.Any(o => System.IO.Path.GetFileName(f).StartsWith(o + ".", StringComparison.Ordinal))).ToList())
            File.Delete(file);
        var checkpoints = In(folder, CheckpointLayout.Checkpoints);
        if (Directory.Exists(checkpoints))
        {
            foreach (var left
                in Directory.EnumerateDirectories(checkpoints, "*" + DurableFile.TemporarySuffix).ToList())
                Directory.Delete(left, recursive: true);
        }
    }

    private void SetAside()
    {
        var saved = HasSaved(Path);
        if (Directory.Exists(In(Path, Previous)))
        {
            // The one that waits there is the last that has saved, unless the one here has.
            if (!saved)
            {
                DeleteOwn();
                return;
            }
            DropPrevious();
        }
        if (!HoldsRun(Path))
            return;
        Directory.CreateDirectory(In(Path, Moving));
        foreach (var entry in OwnEntries())
            Directory.Move(entry, In(In(Path, Moving), System.IO.Path.GetFileName(entry)));
        Directory.Move(In(Path, Moving), In(Path, Previous));
    }

    private void PutBack()
    {
        DeleteOwn();
        Directory.Move(In(Path, Previous), In(Path, Moving));
        MoveBack(Path);
    }

    private List<string> OwnEntries() =>
        [.. Own.Select(n => In(Path, n)).Where(System.IO.Path.Exists), .. EventFile.In(Path)];

    private void DeleteOwn()
    {
        foreach (var path in OwnEntries())
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
            else
                File.Delete(path);
        }
    }

    private static void MoveBack(string folder)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries(In(folder, Moving)).ToList())
            Directory.Move(entry, In(folder, System.IO.Path.GetFileName(entry)));
        Directory.Delete(In(folder, Moving));
    }
}
