using System.Text.RegularExpressions;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// A line that says that something is broken is followed by one that says that it works again: every warning and error of the log stands
/// here with the line that ends it, or with what makes it an event, which has no end.
/// </summary>
public sealed partial class StandingFaultTests
{
    private static readonly Dictionary<string, string> Ended = new()
    {
        ["SnapshotFollower.LogAway"] = "LogBack",
        ["WriteAnnouncer.LogUntold"] = "LogTold",
        ["DiskHealth.LogFailing"] = "LogRecovered",
        ["OutageLog.LogFails"] = "LogWell",
        ["OutageLog.LogStorageFails"] = "LogStorageWell",
        ["OutageLog.LogLimits"] = "LogUnlimited",
        ["OutageLog.LogPartFails"] = "LogPartWell",
        ["OutageLog.LogRefuses"] = "LogRefusesNoMore",
        ["ServiceOutages.LogFails"] = "LogWell",
        ["UpstreamAccounts.LogOpened"] = "LogClosed",
        ["StateStore.LogFailed"] = "LogWell",
        ["UpstreamHealth.LogFails"] = "LogWell",
        ["RevisionFollower.LogAlarm"] = "LogWell",
        ["RevisionFollower.LogConflict"] = "LogWell",
        ["RevisionFollower.LogFault"] = "LogWell",
        ["RevisionFollower.LogStuck"] = "LogAgreed",
        ["SnapshotPublisher.LogFailed"] = "LogWell",
        ["StateProbe.LogRefused"] = "LogWell",
        ["StateProbe.LogRisk"] = "LogSafe",
        ["StateSweep.LogLater"] = "LogWell",
        ["WatchedMembershipTable.LogWaiting"] = "LogReached",
        ["SuspendDetector.LogAway"] = "LogBack",
        ["SessionIndexWriter.LogFailed"] = "LogWell",
        ["UnusableFiles.LogFailed"] = "LogSucceeded",
        ["ConfigurationReport.LogError"] = "LogMended",
        ["ConfigurationReport.LogKept"] = "LogMended",
        ["ConfigurationReport.LogPart"] = "LogPartMended",
        ["CertificateReport.LogRefused"] = "LogReplaced",
        ["CertificateReport.LogProblem"] = "LogWell",
        ["AdminToken.LogUnusable"] = "LogWell",
        ["UnsharedNotice.LogBegan"] = "LogEnded",
        ["AuditLog.LogKept"] = "LogRotated",
        ["AuditLog.LogFailed"] = "LogWell",
        ["PodWatch.LogFailed"] = "LogWell",
        ["RegistrySession.LogFailed"] = "LogMade",
    };

    private static readonly Dictionary<string, string> Events = new()
    {
        ["SnapshotInstaller.LogGoesBack"] = "one offer, which is refused",
        ["ReferrersUpkeep.LogUnknown"] = "one request",
        ["ReferrersUpkeep.LogLeft"] = "one request",
        ["BlobAnswers.LogCut"] = "one request",
        ["BlobDownloads.LogFault"] = "one download",
        ["FaultAnswers.LogUnavailable"] = "one request",
        ["FaultAnswers.LogFault"] = "one request",
        ["CodeFlows.LogUnreachable"] = "one login",
        ["LoginVerifier.LogFault"] = "one login",
        ["LdapAuthenticator.LogAmbiguous"] = "one login",
        ["ClientCallsFilter.LogRefused"] = "one call",
        ["SilosAloneFilter.LogRefused"] = "one call",
        ["StoredUpstreamState.LogAway"] = "one record, which is fetched anew",
        ["ProtectedGrainStorage.LogRefused"] = "one read of a record; a metric counts those that are refused now",
        ["ProtectedGrainStorage.LogDiscarded"] = "one record, which is gone then",
        ["ProtectedGrainStorage.LogKeptOldKey"] = "one write; a metric counts records by key",
        ["AdminListener.LogUnanswered"] = "one request",
        ["WatchedMembershipTable.LogWentBack"] = "one reading, which is set right",
        ["WatchedMembershipTable.LogLost"] = "the process ends",
        ["WatchedMembershipTable.LogUntold"] = "the process ends",
        ["HeldSilo.LogFailed"] = "the process ends",
        ["ProxyReport.LogUnusable"] = "the environment of the process, which stays as it is",
        ["ConfigurationReport.LogWarning"] = "one reading of a file that works",
        ["ConfigurationReport.LogRestart"] = "the process has to be started again",
        ["PodWatch.LogGone"] = "one pod",
        ["SessionIndexWriter.LogLost"] = "sessions that end by themselves",
        ["FailureInterceptor.LogFailed"] = "one pull",
        ["BackgroundFaults.LogFault"] = "one fault of the program, after which it went on",
    };

    private static readonly string Root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;

    [Fact]
    public void Every_warning_has_a_line_that_ends_it_or_is_an_event()
    {
        var texts = Sources().ToList();
        var told = texts.SelectMany(text => Message().Matches(text).Where(match => IsFault(match.Value))
            .Select(match => $"{Type().Match(text).Groups[1].Value}.{match.Groups[1].Value}")).Order().ToList();
        Assert.Equal([.. Ended.Keys.Concat(Events.Keys).Order()], told);
    }

    [Fact]
    public void Each_line_that_ends_another_is_written_by_the_same_class()
    {
        var texts = Sources().GroupBy(text => Type().Match(text).Groups[1].Value).ToDictionary(one => one.Key, one => string.Concat(one));
        foreach (var (fault, end) in Ended)
        {
            var text = texts[fault.Split('.')[0]];
            var declared = Message().Matches(text).Where(match => match.Groups[1].Value == end).ToList();
            Assert.True(declared.Count == 1 && declared[0].Value.Contains("LogLevel.Information"), $"{fault} has {end} of its own");
            Assert.True(Regex.Count(text, $@"\b{end}\b") > 1, $"{end}, which ends {fault}, is written");
        }
    }

    private static bool IsFault(string message) =>
        message.Contains("LogLevel.Warning") || message.Contains("LogLevel.Error") || message.Contains("LogLevel.Critical");

    private static IEnumerable<string> Sources() => Directory.EnumerateDirectories(Root)
        .Where(project => Path.GetFileName(project) is not ("Tests" or "Benchmarks"))
        .Where(project => Directory.EnumerateFiles(project, "*.csproj").Any())
        .SelectMany(project => Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/")).Select(File.ReadAllText)
        .Where(text => text.Contains("[LoggerMessage("));

    [GeneratedRegex(@"\[LoggerMessage\((?:[^]""]|""(?:[^""\\]|\\.)*"")*\)\]\s+private (?:static )?partial void (Log\w+)\(")]
    private static partial Regex Message();

    [GeneratedRegex(@"^(?:public |internal )?(?:abstract |sealed |static )*partial class (\w+)", RegexOptions.Multiline)]
    private static partial Regex Type();
}
