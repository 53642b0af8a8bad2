using RegistryProxy.Background;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// The clock of a machine is set, by people and by time servers. Only what others read, or what has an end of its own, is told by it;
/// pauses and durations of a process are measured by <see cref="SteadyTime"/> or by timestamps.
/// </summary>
public sealed class ClockTests
{
    /// <summary>Tokens, keys, certificates, secrets, records and sessions end by the clock.</summary>
    private static readonly string[] Ends =
    [
        "Configuration/Reading/Values/ReadingContext.cs", "Gateway/Authentication/BearerAuthentication.cs",
        "Gateway/PageSessions/PageCookies.cs", "Gateway/PageSessions/PageSeal.cs", "Gateway/PeerServing/PeerListener.cs",
        "Gateway/Tokens/RememberedLogins.cs", "Gateway/Upstreams/Transport/UpstreamTokenCache.cs",
        "Gateway/Upstreams/Transport/UpstreamTokenHandler.cs", "Grains/Configuration/ConfigurationPartGrain.cs",
        "Grains/Configuration/SiloFileGrain.cs", "Grains/Configuration/RevisionGrain.cs",
        "Grains/Configuration/KeyPublication.cs", "Grains/Identity/Azure/AzureAttestedAuthenticator.cs",
        "Grains/Identity/Issuers/IssuedTokenVerifier.cs", "Grains/Identity/Robots/RobotAuthenticator.cs", "Grains/Keys/KeyRingGrain.cs",
        "Grains/Keys/SigningKeys.cs", "Grains/Login/DeviceLoginGrain.cs", "Grains/Login/FlowSeal.cs",
        "Grains/Login/InteractiveLoginGrain.cs", "Grains/Administration/AdministratorProof.cs",
        "Grains/Administration/RobotDesk.cs", "Grains/Robots/RobotAdministration.cs", "Grains/Robots/RobotBook.cs",
        "Grains/SiloCalls/SiloPass.cs",
        "Grains/Sessions/SessionBook.cs", "Grains/Sessions/SessionCatalog.cs", "Grains/Sessions/SessionGrain.cs",
        "Grains/Sessions/SessionIndexWriter.cs",
        "Grains/Upstreams/Credentials/Clouds/GoogleIssuer.cs", "Grains/Upstreams/Credentials/HelperIssuer.cs",
        "Grains/Upstreams/Network/UpstreamNetworks.cs", "Grains/Upstreams/Principals/PrincipalLease.cs",
        "Grains/Upstreams/Principals/UpstreamPrincipalGrain.cs", "Grains/Upstreams/TokenServices/TokenExchange.cs",
        "Grains/Upstreams/UpstreamTokenGrain.cs", "NodeAgent/CredentialHelper/Helper.cs", "NodeAgent/CredentialProvider/Provider.cs",
        "NodeAgent/Installation/Turns/Turn.cs", "NodeAgent/PullSecrets/PullSecret.cs", "NodeAgent/Sessions/HeldCredential.cs",
        "NodeAgent/Sessions/RegistryTokenClient.cs", "ServiceDefaults/Admin/AdminToken.cs",
        "ServiceDefaults/Certificates/CertificateReport.cs", "ServiceDefaults/Certificates/CertificatesInUse.cs",
        "ServiceDefaults/Operations/HostTroubles.cs",
        "ServiceDefaults/Clustering/MemberCertificates.cs", "Silo/Admin/RobotEndpoints.cs", "Silo/Storage/ExpiringMemoryStorage.cs",
        "Silo/Storage/FileRecordStore.cs", "Silo/Storage/RedisRecordStore.cs", "Silo/Storage/StateSweep.cs",
    ];

    /// <summary>A line, a page, a message or a record tells a moment, or an upstream told one.</summary>
    private static readonly string[] Told =
    [
        "Configuration/Reload/ConfigurationWatcher.cs", "Configuration/Reload/UnusableFiles.cs", "Gateway/Audit/AuditTrail.cs",
        "Gateway/Audit/AuditTrail.Refusals.cs", "Gateway/Limits/UnsharedLimits.cs", "Background/ProcessOutput.cs",
        "Grains/Configuration/FileHistory.cs", "Grains/Storage/StateStore.cs", "Silo/Admin/AcceptEndpoint.cs",
        "Gateway/Upstreams/Accounts/FailingUpstreams.cs",
        "Gateway/Upstreams/Accounts/RequestBudget.cs", "Gateway/Upstreams/Accounts/UpstreamBreaker.cs", "Grains/Fetches/FetchGrain.cs",
        "Grains/Upstreams/Accounts/UpstreamAccountGrain.cs", "Grains/Managed/ManagedPartGrain.cs",
        "Grains/Administration/AuditTailGrain.cs", "Grains/Operations/ActivityBook.cs", "Grains/Operations/ProcessBook.cs",
        "Grains/Upstreams/CredentialState.cs", "Grains/Identity/ServiceOutages.cs",
        "Grains/Upstreams/TokenServices/UpstreamTokenClient.cs",
        "Grains/Upstreams/UpstreamCredentialGrain.cs", "NodeAgent/Images/Docker/DockerUsage.cs",
        "NodeAgent/Installation/Applying/ImageServiceProbe.cs",
        "ServiceDefaults/Admin/AdminRefusals.cs", "ServiceDefaults/Audit/AuditLog.cs", "ServiceDefaults/Audit/AuditTail.cs",
        "ServiceDefaults/Operations/ProcessReporter.cs",
        "ServiceDefaults/Telemetry/ProcessMeter.cs", "Silo/Admin/AttestationEndpoints.cs",
        "Silo/Admin/ConfigurationEndpoints.cs", "Silo/Admin/LoginForm.cs", "Silo/Admin/SessionEndpoints.cs", "Silo/Admin/TenantRemoval.cs",
        "Silo/Admin/Operations/SiloDeaths.cs", "Silo/Admin/Operations/SummaryEndpoint.cs",
    ];

    /// <summary>What is signed names a moment.</summary>
    private static readonly string[] Signed =
    [
        "Grains/Identity/Aws/AwsIidAuthenticator.cs", "Grains/Identity/Aws/AwsStsAuthenticator.cs",
        "Grains/Identity/Nonces/NonceAuthority.cs", "Grains/Login/AccessTokenIssuer.cs",
        "Grains/Upstreams/Credentials/Clouds/EcrIssuer.cs", "NodeAgent/Identity/AwsStsIdentity.cs",
    ];

    /// <summary>The clock itself is looked at.</summary>
    private static readonly string[] Compared =
    [
        "Silo/Clustering/SuspendDetector.cs",
    ];

    [Fact]
    public void Only_what_others_read_or_what_ends_by_itself_is_told_by_the_clock()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
        var asking = Directory.EnumerateDirectories(root)
            .Where(project => Path.GetFileName(project) is not ("Tests" or "Benchmarks"))
            .Where(project => Directory.EnumerateFiles(project, "*.csproj").Any())
            .SelectMany(project => Directory.EnumerateFiles(project, "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains("/obj/") && !file.Contains("/bin/"))
            .Where(file => File.ReadAllText(file).Contains("GetUtcNow", StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(root, file)).Order(StringComparer.Ordinal);
        Assert.Equal([.. Ends.Concat(Told).Concat(Signed).Concat(Compared).Order(StringComparer.Ordinal)], asking);
    }

    [Fact]
    public void Subscriptions_are_measured_by_steady_time()
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Parent!.Parent!.Parent!.FullName;
        var managers = Directory.EnumerateFiles(Path.Combine(root, "Grains"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/") && File.ReadAllText(file).Contains("new(Subscription, logger", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(2, managers.Count);
        Assert.All(managers, file => Assert.Contains(
            "GetDateTime = () => DateTime.UnixEpoch + time.GetSteadyNow()", File.ReadAllText(file), StringComparison.Ordinal));
    }

    [Fact]
    public void Steady_time_begins_long_after_nothing_and_never_goes_back()
    {
        var clock = new Support.Time.SetClock(TimeProvider.System);
        var before = clock.GetSteadyNow();
        clock.Off = TimeSpan.FromDays(-400);
        Assert.InRange(clock.GetSteadyNow(), before, before + TimeSpan.FromHours(1));
        Assert.True(before > TimeSpan.FromDays(36_000));
    }
}
