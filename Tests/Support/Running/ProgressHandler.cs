using System.Diagnostics;
using System.Runtime.InteropServices;
using Xunit.Runner.Common;
using Xunit.Sdk;

namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// Follows a run and tells people of it, and <c>test.sh</c> by way of files in the folder that <c>REGISTRYPROXY_RUN</c> names.
/// </summary>
internal sealed class ProgressHandler : DefaultRunnerReporterMessageHandler, IRunnerReporterMessageHandler
{
    private const int Slowest = 15;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(20);

    private readonly RunProgress _progress = new(TimeProvider.System);
    private readonly Failures _failures = new();
    private readonly Repeats _repeats = new();
    private readonly string? _folder = Environment.GetEnvironmentVariable("REGISTRYPROXY_RUN");
    private readonly bool _isWhole = Environment.GetEnvironmentVariable("REGISTRYPROXY_BUDGETS") == "1";
    private readonly List<IDisposable> _watching;

    public ProgressHandler(IRunnerLogger logger)
        : base(logger) => _watching =
    [
        new Timer(_ => Logger.LogMessage(_progress.Line()), null, Period, Period),
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupted),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupted),
    ];

    public new ValueTask DisposeAsync()
    {
        _watching.ForEach(watching => watching.Dispose());
        return base.DisposeAsync();
    }

    /// <summary>Keeps whatever says that something failed: tests, and what is made and cleaned up around them.</summary>
    public override bool OnMessage(IMessageSinkMessage message)
    {
        if (message is IErrorMetadata error)
        {
            var name = _progress.NameOf((message as ITestMessage)?.TestUniqueID, (message as ITestClassMessage)?.TestClassUniqueID);
            var said = ServerOutput.Of((message as ITestMessage)?.TestUniqueID);
            Fail(name ?? message.GetType().Name, ExceptionUtility.CombineMessages(error), said);
            if (message is ITestFailed && name is not null)
            {
                _repeats.Failed(name);
            }
            else
            {
                _repeats.Broke();
            }
        }

        if (message is ITestFinished finished)
        {
            ServerOutput.Forget(finished.TestUniqueID);
        }

        return base.OnMessage(message);
    }

    protected override void HandleTestAssemblyDiscoveryFinished(MessageHandlerArgs<TestAssemblyDiscoveryFinished> args)
    {
        _progress.Total = args.Message.TestCasesToRun;
        base.HandleTestAssemblyDiscoveryFinished(args);
    }

    protected override void HandleTestClassStarting(MessageHandlerArgs<ITestClassStarting> args)
    {
        _progress.ClassStarted(args.Message.TestClassUniqueID!, args.Message.TestClassName);
        base.HandleTestClassStarting(args);
    }

    protected override void HandleTestClassFinished(MessageHandlerArgs<ITestClassFinished> args)
    {
        _progress.ClassFinished(args.Message.TestClassUniqueID!);
        base.HandleTestClassFinished(args);
    }

    protected override void HandleTestStarting(MessageHandlerArgs<ITestStarting> args)
    {
        _progress.TestStarted(args.Message.TestUniqueID, args.Message.TestDisplayName);
        base.HandleTestStarting(args);
    }

    protected override void HandleTestFinished(MessageHandlerArgs<ITestFinished> args)
    {
        _progress.TestFinished(args.Message.TestUniqueID, args.Message.TestClassUniqueID ?? "");
        base.HandleTestFinished(args);
    }

    protected override void HandleTestCaseFinished(MessageHandlerArgs<ITestCaseFinished> args)
    {
        _progress.CaseFinished();
        base.HandleTestCaseFinished(args);
    }

    protected override void HandleTestPassed(MessageHandlerArgs<ITestPassed> args)
    {
        _progress.Passed();
        base.HandleTestPassed(args);
    }

    protected override void HandleTestFailed(MessageHandlerArgs<ITestFailed> args)
    {
        _progress.Failed();
        base.HandleTestFailed(args);
    }

    protected override void HandleTestSkipped(MessageHandlerArgs<ITestSkipped> args)
    {
        _progress.Skipped();
        base.HandleTestSkipped(args);
    }

    protected override void HandleTestExecutionSummaries(MessageHandlerArgs<TestExecutionSummaries> args)
    {
        base.HandleTestExecutionSummaries(args);
        var (own, children) = ProcessCosts.Whole();
        Logger.LogMessage($"The classes that took longest, of {_progress.Classes.Count}:");
        foreach (var type in _progress.Classes.OrderByDescending(type => type.Wall).Take(Slowest))
        {
            Logger.LogMessage(type.ToString());
        }

        var started = ProcessCosts.All.Values.Sum(cost => cost.Count);
        Logger.LogMessage(
            $"{_progress.Elapsed:mm\\:ss} in all; {own.TotalSeconds:F0} s of CPU in the tests, {children.TotalSeconds:F0} s in what they " +
            $"started ({started} servers)");
        Tell("classes", string.Join('\n', _progress.Classes.OrderByDescending(type => type.Wall)));
        JudgeTimes();
        Tell("repeat", string.Concat(_repeats.Methods.Select(method => $"{method}\n")));
    }

    private void JudgeTimes()
    {
        var exceeded = _isWhole ? ClassBudget.Exceeded(_progress.Classes, _progress.Elapsed, WaitsAttribute.Of) : [];
        foreach (var (type, limit) in exceeded)
        {
            var told = $"took {type.Wall.TotalSeconds:F0} s, more than its share of the run, {limit.TotalSeconds:F0} s: " +
                "see docs/testing.md, \"Time\"";
            Logger.LogError($"{type.ShortName} {told}");
            Fail(type.ShortName, told, []);
        }

        Tell("exceeded", string.Concat(exceeded.Select(_ => "x")));
    }

    /// <summary>
    /// Says what had passed, and ends at once: hosts of tests in this process would take the signal for theirs. What tests started dies
    /// with it.
    /// </summary>
    private void Interrupted(PosixSignalContext context)
    {
        context.Cancel = true;
        Logger.LogMessage($"Interrupted. {_progress.Line()}");
        Tell("interrupted", _progress.Counts);
        Console.Out.Flush();
        Process.GetCurrentProcess().Kill();
    }

    /// <summary>Told at once: a run that breaks off has said what failed before.</summary>
    private void Fail(string name, string message, IReadOnlyList<string> said)
    {
        _failures.Add(name, message, said);
        foreach (var line in said)
        {
            Logger.LogMessage($"      {line}");
        }

        Tell("failures", _failures.ToString());
    }

    private void Tell(string file, string text)
    {
        if (_folder is not null)
        {
            File.WriteAllText(Path.Combine(_folder, file), text);
        }
    }
}
