using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Administration;
using RegistryProxy.Grains.Authenticators;
using RegistryProxy.Grains.Cache;
using RegistryProxy.Grains.Calls;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Explaining;
using RegistryProxy.Grains.Fetches;
using RegistryProxy.Grains.Identity;
using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Keys;
using RegistryProxy.Grains.Login;
using RegistryProxy.Grains.Network;
using RegistryProxy.Grains.Operations;
using RegistryProxy.Grains.Robots;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Throttling;
using RegistryProxy.Grains.Upstreams.Credentials;
using RegistryProxy.Grains.Upstreams.Credentials.Clouds;
using RegistryProxy.Grains.Upstreams.Failures;
using RegistryProxy.Grains.Upstreams.Network;
using RegistryProxy.Grains.Upstreams.StoredState;
using RegistryProxy.Grains.Upstreams.TokenServices;

namespace RegistryProxy.Grains;

/// <summary>
/// Adds what the grains need to a silo. The host registers the configuration source and the grain storage
/// <see cref="GrainStorageNames.State"/>.
/// </summary>
public static class GrainsExtensions
{
    public static IServiceCollection AddGrains(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        return services
            .AddSingleton<IIncomingGrainCallFilter, ClientCallsFilter>()
            .AddSingleton<IIncomingGrainCallFilter, SilosAloneFilter>()
            .AddSingleton<DecisionGate>()
            .AddSingleton<IIncomingGrainCallFilter, DecisionFilter>()
            .AddSingleton<SiloPass>()
            .AddSingleton(services => new OperatorCalls(
                services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<ProcessPass>()))
            .AddSingleton<StateStore>()
            .AddSingleton<IStateHealth>(provider => provider.GetRequiredService<StateStore>())
            .AddSingleton<FormerSilos>()
            .AddSessions()
            .AddUpstreams()
            .AddSingleton<FetchTickets>()
            .AddHostedService<SnapshotPublisher>();
    }

    /// <summary>Has the grains follow the configuration of their cluster instead of the file of this host.</summary>
    /// <param name="services">The services.</param>
    /// <param name="feed">The configuration of the cluster.</param>
    /// <param name="series">Under what name is remembered what the file of this host said.</param>
    public static IServiceCollection AddRevisions(
        this IServiceCollection services, RevisionFeed feed, FileSeries series) => services
        .AddSingleton(feed)
        .AddSingleton(series)
        .AddSingleton<IConfigurationFeed>(feed)
        .AddSingleton<FileHistory>()
        .AddHostedService<RevisionFollower>();

    /// <summary>
    /// Has the last good texts of the files of a configuration kept in the state, and used while a file is broken, and the parts of managed
    /// tenants read from there.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="files">The files of this host.</param>
    public static IServiceCollection AddKeptParts(this IServiceCollection services, IConfigurationFeed files) => services
        .AddSingleton(new LocalFiles(files as ConfigurationWatcher))
        .AddSingleton<KeptParts>()
        .AddHostedService<PartKeeper>()
        .AddHostedService<ManagedFollower>();

    private static IServiceCollection AddSessions(this IServiceCollection services) => services
        .AddSingleton<PasswordWork>()
        .AddSingleton<NonceAuthority>()
        .AddSingleton<LoginThrottle>()
        .AddSingleton<SigningKeys>()
        .AddSingleton<RingKeys>()
        .AddSingleton<RoutingSeal>()
        .AddSingleton<GoodAddresses>()
        .AddSingleton<UnprovedTokens>()
        .AddSingleton<EndedTokens>()
        .AddSingleton<LoginVerifier>()
        .AddSingleton<AccessTokenIssuer>()
        .AddSingleton<FlowSeal>()
        .AddSingleton<CodeFlows>()
        .AddSingleton<DeviceLogins>()
        .AddSingleton<ServiceOutages>()
        .AddSingleton(services => new SiloTroubles(
            services.GetRequiredService<IConfigurationFeed>(), services.GetRequiredService<ServiceOutages>(),
            services.GetRequiredService<IStateHealth>()))
        .AddSingleton(services => new AuthenticatorFactory(
            services.GetRequiredService<PasswordWork>(), services.GetRequiredService<NonceAuthority>(),
            services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<EgressProxies>(),
            services.GetRequiredService<TimeProvider>(), services.GetRequiredService<ILoggerFactory>(),
            services.GetRequiredService<ServiceOutages>())
        {
            Secrets = services.GetRequiredService<LastingSecrets>(),
        })
        .AddSingleton<AuthenticatorDirectory>()
        .AddSingleton<PasswordLogin>()
        .AddSingleton<LoginWithPassword>()
        .AddSingleton<LoginWithRefreshToken>()
        .AddSingleton<LoginWithAssertion>()
        .AddSingleton<LoginWithDeviceCode>()
        .AddSingleton<LoginDesk>()
        .AddSingleton<SessionIndexWriter>()
        .AddSingleton<ProcessPass>()
        .AddSingleton(services => new RobotAdministration(
            services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<ProcessPass>(),
            services.GetRequiredService<TimeProvider>()))
        .AddSingleton<AdministratorProof>()
        .AddSingleton<AdministrationTable>()
        .AddSingleton<SessionDesk>()
        .AddSingleton<RobotDesk>()
        .AddSingleton<UsageDesk>()
        .AddSingleton<UpstreamDesk>()
        .AddSingleton<AuditDesk>()
        .AddSingleton<PartDesk>()
        .AddSingleton<ReportDesks>()
        .AddSingleton<RevocationBudgets>()
        .AddSingleton<ConfigurationBudgets>()
        .AddSingleton<ConfigurationDesk>()
        .AddSingleton<ExplainDesk>()
        .AddSingleton(services => new TenantReports(
            services.GetRequiredService<IGrainFactory>(), services.GetRequiredService<ProcessPass>()))
        .AddSingleton(services => new AccessInquiry(
            services.GetRequiredService<AuthenticatorDirectory>(), services.GetRequiredService<RobotAdministration>()));

    private static IServiceCollection AddUpstreams(this IServiceCollection services) => services
        .AddSingleton<LastingSecrets>()
        .AddSingleton<EgressProxies>()
        .AddSingleton<UpstreamNetworks>()
        .AddSingleton<UpstreamTokenClient>()
        .AddSingleton<CloudTransport>()
        .AddSingleton<UpstreamStateStore>()
        .AddSingleton<CredentialSource>()
        .AddSingleton<UpstreamFailureMeter>()
        .AddSingleton<UpstreamHealthRecords>()
        .AddSingleton<TokenExchange>();
}
