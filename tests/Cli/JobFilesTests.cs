using System.Diagnostics;
using System.Text.RegularExpressions;
using AmcEngine.Amc.Configuration;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>The job files for clusters, as far as they can be tried without one: the cluster's programs are scripts.
/// </summary>
[TestFixture]
internal sealed class JobFilesTests
{
    private static readonly string Jobs = Path.Combine(GoldenFiles.Root, "docs", "jobs");

    // What stands in for the launcher: it notes its arguments and ends as it is told to.
    private const string Launcher = """
        #!/bin/bash
        echo "${0##*/} $*" >> "$CALLS"
        [ "${0##*/}" = scontrol ] || exit "${LAUNCHER_CODE:-0}"
        """;

    private TempFolder _folder = null!;

    [SetUp]
    public void MakeFolder()
    {
        if (!OperatingSystem.IsLinux()) Assert.Ignore("the job files are for Linux");
        _folder = new TempFolder();
        foreach (var name in new[] { "srun", "scontrol", "mpirun" })
        {
            var path = _folder.Write(name, Launcher.ReplaceLineEndings("\n"));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Every_option_of_amcx_in_a_job_file_is_one()
    {
        var help = Amcx.RunPlain("train", "--help").Out;
        foreach (var text in new[] { File.ReadAllText(Slurm), Script })
        {
            string[] lines = [.. text.Split('\n').Where(l => l.Contains("amcx train", StringComparison.Ordinal)
                && !l.StartsWith('#') || l.TrimStart().StartsWith("start=(", StringComparison.Ordinal))];
            var options = lines.SelectMany(
                l => Regex.Matches(l[Math.Max(0, l.IndexOf("amcx train", StringComparison.Ordinal))..], "--[a-z-]+"))
                .Select(m => m.Value).Distinct().ToArray();
            Assert.That(options, Has.Length.GreaterThan(4));
            foreach (var option in options) Assert.That(help, Does.Match($@"{option}\b"), option);
        }
    }

    [Test]
    public void A_slurm_job_starts_a_run_and_goes_on_with_it()
    {
        var run = _folder.PathOf("run");
        Assert.That(Bash([Slurm, "c.yaml", run, "--set", "batch_size=16"], []).Code, Is.Zero);
        Directory.CreateDirectory(Path.Combine(run, "checkpoints", "last-good"));
        Assert.That(Bash([Slurm, "c.yaml", run, "--set", "batch_size=16"], []).Code, Is.Zero);
        Assert.That(Calls, Has.Length.EqualTo(2));
        Assert.That(Calls[0], Does.StartWith("srun ")
            .And.Contain($" amcx train --config c.yaml --output {run} --set batch_size=16 --device auto "));
        Assert.That(Calls[1], Does.Contain($" amcx train --resume {run} --device auto "));
    }

    [TestCase(99, 0, 2, TestName = "A slurm job that was asked to stop is put back")]
    [TestCase(2, 2, 1, TestName = "A slurm job that failed is not")]
    public void Slurm_job(int code, int expected, int calls)
    {
        var answer = Bash(
            [Slurm, "c.yaml", "run"], new() { ["LAUNCHER_CODE"] = $"{code}", ["SLURM_JOB_ID"] = "417" });
        Assert.That(answer.Code, Is.EqualTo(expected), answer.Error);
        Assert.That(Calls, Has.Length.EqualTo(calls));
        Assert.That(Calls[0], Does.Contain(" --signal-exit-code 99").And.Contain("--kill-on-bad-exit=0 "));
        if (calls == 2) Assert.That(Calls[1], Is.EqualTo("scontrol requeue 417"));
    }

    [Test]
    public void A_slurm_job_without_a_run_says_what_it_wants()
    {
        var answer = Bash([Slurm, "c.yaml"], []);
        Assert.That(answer.Code, Is.Not.Zero);
        Assert.That(answer.Error, Does.Contain("give the folder of the run"));
    }

    [Test]
    public void A_kubernetes_job_starts_a_run_and_goes_on_with_it_and_ends_as_mpirun_does()
    {
        var run = _folder.PathOf("run");
        Assert.That(Kubernetes(("LAUNCHER_CODE", "7")).Code, Is.EqualTo(7));
        Directory.CreateDirectory(Path.Combine(run, "checkpoints", "last"));
        Assert.That(Kubernetes(("LAUNCHER_CODE", "0")).Code, Is.Zero);
        Assert.That(Calls[0], Does.StartWith("mpirun ")
            .And.Contain($" amcx train --config c.yaml --output {run} --device auto "));
        Assert.That(Calls[1], Does.Contain($" amcx train --resume {run} --device auto "));
    }

    // As where it cannot be started.
    [Test]
    public void A_kubernetes_job_ends_as_an_mpirun_did_that_ended_before_it_was_waited_for()
    {
        var answer = Kubernetes(("LAUNCHER_CODE", "7"), ("BASH_ENV", Slow("wait")));
        Assert.That(answer.Code, Is.EqualTo(7), answer.Error);
    }

    // The operator's SIGTERM reaches mpirun as SIGUSR2, and the job ends when that has ended. It may come at once.
    [Test]
    public void A_kubernetes_job_that_is_asked_to_stop_waits_for_the_checkpoint()
    {
        _folder.Write("mpirun", """
            #!/bin/bash
            trap 'echo asked >> "$CALLS"; sleep 0.3; echo saved >> "$CALLS"; exit 140' USR2
            kill -TERM "$PPID"
            for i in {1..200}; do sleep 0.05; done
            """.ReplaceLineEndings("\n"));
        var answer = Kubernetes(("BASH_ENV", Slow("trap", "wait")));
        Assert.That(answer.Code, Is.EqualTo(140), answer.Error);
        Assert.That(Calls, Is.EqualTo(new[] { "asked", "saved" }));
    }

    [Test]
    public void The_kubernetes_job_is_what_the_operator_reads()
    {
        var job = Job;
        Assert.Multiple(() =>
        {
            Assert.That(Text(job, "apiVersion"), Is.EqualTo("kubeflow.org/v2beta1"));
            Assert.That(Text(job, "kind"), Is.EqualTo("MPIJob"));
            Assert.That(Text(job, "spec", "mpiImplementation"), Is.EqualTo("OpenMPI"));
            var gpus = Find(Container("Worker"), "resources", "limits", "nvidia.com/gpu");
            Assert.That(((YamlScalar)gpus).Text, Is.EqualTo(Text(job, "spec", "slotsPerWorker")), "a rank a GPU");
            Assert.That(Text(Container("Launcher"), "image"), Is.EqualTo(Text(Container("Worker"), "image")));
            foreach (var role in new[] { "Launcher", "Worker" })
            {
                var claimed = ((YamlList)Find(Spec(role), "volumes")).Items.Select(v => Text(v, "name"));
                var mounted = ((YamlList)Find(Container(role), "volumeMounts")).Items.Select(v => Text(v, "name"));
                Assert.That(mounted, Is.EqualTo(claimed), role);
            }
        });
    }

    [Test]
    public void What_the_container_is_built_from_is_there()
    {
        var text = File.ReadAllText(Path.Combine(Jobs, "Containerfile"));
        var copied = Regex.Match(text, "cp -r (?<what>.+) /opt/amcx/").Groups["what"].Value.Split(' ');
        Assert.That(copied, Has.Length.GreaterThan(1));
        foreach (var name in copied) Assert.That(Path.Exists(Path.Combine(GoldenFiles.Root, name)), name);
        var project = Regex.Match(text, @"dotnet publish (?<what>\w+) ").Groups["what"].Value;
        Assert.That(File.ReadAllText(Path.Combine(GoldenFiles.Root, project, $"{project}.csproj")),
            Does.Contain("<AssemblyName>amcx</AssemblyName>"));
        Assert.That(text, Does.Contain("ln -s /opt/amcx/amcx "));
        var configured = Regex.Match(File.ReadAllText(KubernetesFile), "value: /opt/amcx/(?<what>.+)").Groups["what"];
        Assert.That(File.Exists(Path.Combine(GoldenFiles.Root, configured.Value.Trim())), configured.Value);
    }

    // What bash reads before a script: commands of its own that take their time, in the script alone.
    private string Slow(params string[] commands) => _folder.Write("slow.sh",
        "[ -z \"$SLOW\" ] || return; export SLOW=1\n"
        + string.Concat(commands.Select(c => $"{c}() {{ sleep 0.3; builtin {c} \"$@\"; }}\n")));

    private static string Slurm => Path.Combine(Jobs, "train.sbatch");

    private static string KubernetesFile => Path.Combine(Jobs, "mpijob.yaml");

    private static YamlValue Job => YamlComposer.Compose("mpijob.yaml", File.ReadAllText(KubernetesFile))!;

    private static string Script => ((YamlScalar)((YamlList)Find(Container("Launcher"), "args")).Items[0]).Text;

    private string[] Calls => File.ReadAllLines(_folder.PathOf("calls"));

    private static YamlValue Spec(string role) => Find(Job, "spec", "mpiReplicaSpecs", role, "template", "spec");

    private static YamlValue Container(string role) => ((YamlList)Find(Spec(role), "containers")).Items[0];

    private static YamlValue Find(YamlValue value, params string[] path) =>
        path.Aggregate(value, (v, key) => ((YamlMap)v).Entries.Single(e => e.Key == key).Value);

    private static string Text(YamlValue value, params string[] path) => ((YamlScalar)Find(value, path)).Text;

    // The launcher's script of the Kubernetes job.
    private Answer Kubernetes(params (string Name, string Value)[] variables)
    {
        var all = variables.ToDictionary(v => v.Name, v => v.Value);
        (all["CONFIG"], all["RUN"]) = ("c.yaml", _folder.PathOf("run"));
        return Bash(["-c", Script], all);
    }

    private Answer Bash(string[] args, Dictionary<string, string> variables)
    {
        var start = new ProcessStartInfo("bash", args)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.Path,
        };
        start.Environment["PATH"] = $"{_folder.Path}:{start.Environment["PATH"]}";
        start.Environment["CALLS"] = _folder.PathOf("calls");
        foreach (var (name, value) in variables) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Answer(process.ExitCode, output, error.Result);
    }
}
