using RegistryProxy.Tests.Support.Running;
using Xunit.Runner.Common;
using Xunit.Sdk;

[assembly: RegisterRunnerReporter(typeof(ProgressReporter))]

namespace RegistryProxy.Tests.Support.Running;

/// <summary>
/// <c>-reporter progress</c>: what fails, now and then a line on what runs, and in the end the classes that took longest.
/// </summary>
public sealed class ProgressReporter : IRunnerReporter
{
    public bool CanBeEnvironmentallyEnabled => false;

    public string Description => "show what fails, how far the run is, and the slowest classes";

    public bool ForceNoLogo => false;

    public bool IsEnvironmentallyEnabled => false;

    public string RunnerSwitch => "progress";

    public ValueTask<IRunnerReporterMessageHandler> CreateMessageHandler(IRunnerLogger logger, IMessageSink? diagnosticMessageSink) =>
        new(new ProgressHandler(logger));
}
