using Microsoft.Extensions.DependencyInjection.Extensions;
using RegistryProxy.Gateway.Administration;
using RegistryProxy.Gateway.Audit;
using RegistryProxy.Gateway.Authentication;
using RegistryProxy.Gateway.Authorization;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Invalidation;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Distribution;
using RegistryProxy.Gateway.Limits;
using RegistryProxy.Gateway.Listings;
using RegistryProxy.Gateway.Login;
using RegistryProxy.Gateway.Operations;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.PageSessions;
using RegistryProxy.Gateway.Pages;
using RegistryProxy.Gateway.PeerServing;
using RegistryProxy.Gateway.Ranges;
using RegistryProxy.Gateway.Referrers;
using RegistryProxy.Gateway.Requests;
using RegistryProxy.Gateway.SnapshotUpdates;
using RegistryProxy.Gateway.Snapshots;
using RegistryProxy.Gateway.Telemetry;
using RegistryProxy.Gateway.Tokens;
using RegistryProxy.Gateway.Uploads;
using RegistryProxy.Gateway.Upstreams;
using RegistryProxy.Gateway.Upstreams.Accounts;
using RegistryProxy.Gateway.Upstreams.Headers;
using RegistryProxy.Gateway.Upstreams.Transport;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Health;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway;

/// <summary>Adds the gateway to a host that has an Orleans client or silo.</summary>
public static class GatewayExtensions
{
    /// <summary>Registers the gateway.</summary>
    public static IServiceCollection AddGateway(this IServiceCollection services, GatewayOptions options)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddHttpForwarder();
        return services.AddSingleton(options)
            .AddSingleton<DataListener>()
            .AddSingleton<AnsweredRequests>()
            .AddSingleton<FaultAnswers>()
            .AddSingleton<TenantEndpoints>()
            .AddSingleton<GrainCallMeter>()
            .AddSingleton<TenantMeter>()
            .AddSingleton<SnapshotMeter>()
            .AddSingleton<AuditTrail>()
            .AddHostedService<UntoldRequests>()
            .AddSingleton<RequestStatistics>()
            .AddHostedService<GatewayReporter>()
            .AddSingleton<LimitShares>()
            .AddSingleton<TenantLimits>()
            .AddHostedService<LimitReporter>()
            .AddHostedService<UnsharedNotice>()
            .AddSingleton<MissedNames>()
            .AddCluster()
            .AddSnapshots()
            .AddAccess()
            .AddUpstreamTransport()
            .AddCache()
            .AddPeers()
            .AddDistribution();
    }

    /// <summary>Serves other gateways of the cluster on the peer listener.</summary>
    public static void MapPeers(this IApplicationBuilder app) => app.MapWhen(
        context => ListenerFeature.Is(context, ListenerKind.Peer),
        peers =>
        {
            peers.UseRequestRules(PeerListener.RefuseMalformed);
            peers.Run(peers.ApplicationServices.GetRequiredService<PeerListener>().Handle);
        });

    /// <summary>Serves everything that reaches this branch as the data listener.</summary>
    public static void RunGateway(this IApplicationBuilder app)
    {
        var listener = app.ApplicationServices.GetRequiredService<DataListener>();
        app.UseRequestRules(listener.RefuseMalformed);
        app.Run(listener.Handle);
    }

    private static IServiceCollection AddCluster(this IServiceCollection services)
    {
        services.TryAddSingleton<ClusterContact>();
        return services.AddSingleton<Relays>().AddSingleton<SiloProbe>().AddSingleton<ClusterClient>();
    }

    private static IServiceCollection AddSnapshots(this IServiceCollection services) => services
        .AddSingleton<CurrentMap>()
        .AddSingleton<SnapshotRounds>()
        .AddSingleton<SnapshotCaches>()
        .AddSingleton(services => new FormerTenants(
            services.GetRequiredService<RequestStatistics>().Forget, services.GetRequiredService<PulledRepositories>().Forget,
            former => services.GetService<AuditLog>()?.Tail.Forget(former)))
        .AddSingleton<SnapshotInstaller>()
        .AddHostedService<SnapshotFollower>()
        .AddSingleton<IReadiness, GatewayReadiness>();

    private static IServiceCollection AddAccess(this IServiceCollection services) => services
        .AddSingleton<AccessTokenCache>()
        .AddSingleton<BearerAuthentication>()
        .AddSingleton<DecisionCache>()
        .AddSingleton<UnknownKeys>()
        .AddSingleton<Gatekeeper>()
        .AddSingleton<Logins>()
        .AddSingleton<TokenEndpoint>()
        .AddSingleton<RememberedLogins>()
        .AddSingleton<BasicLogin>()
        .AddSingleton<NonceEndpoint>()
        .AddSingleton<BrowserLogin>()
        .AddSingleton<DeviceLogin>()
        .AddSingleton<LoginEndpoints>()
        .AddSingleton<AdministrationEndpoint>()
        .AddSingleton<PageSeal>()
        .AddSingleton<PageCookies>()
        .AddSingleton<PageLogins>()
        .AddSingleton<PageDocument>()
        .AddSingleton<PageVisitors>()
        .AddSingleton<PageLogin>()
        .AddSingleton<OwnSessions>()
        .AddSingleton<PageEndpoints>()
        .AddHostedService<AuditTailSource>();

    private static IServiceCollection AddUpstreamTransport(this IServiceCollection services) => services
        .AddSingleton<UpstreamTokenCache>()
        .AddSingleton<FailingUpstreams>()
        .AddHostedService(provider => provider.GetRequiredService<FailingUpstreams>())
        .AddSingleton<UpstreamAccounts>()
        .AddSingleton<UpstreamTransports>()
        .AddSingleton<UpstreamMeter>()
        .AddSingleton<Expectations>()
        .AddSingleton<HeadTruth>()
        .AddSingleton<HeadVerifier>()
        .AddSingleton<CheckedDigests>()
        .AddSingleton<HeadByGet>()
        .AddSingleton<UpstreamFetcher>()
        .AddSingleton<FailureLog>()
        .AddSingleton<UpstreamDownloads>()
        .AddSingleton<RangeSupport>()
        .AddSingleton<RangeOpener>()
        .AddSingleton<RangeFlights>()
        .AddSingleton<ColdRanges>()
        .AddSingleton<UpstreamForwarder>()
        .AddSingleton<UpstreamClient>();

    private static IServiceCollection AddCache(this IServiceCollection services) => services
        .AddSingleton<CacheMeter>()
        .AddSingleton<DiskStore>()
        .AddSingleton<InvalidationClock>()
        .AddSingleton<RepositoryLinkIndex>()
        .AddSingleton<KnownPlaces>()
        .AddSingleton<BlobProvenance>()
        .AddSingleton<StoredBlobs>()
        .AddSingleton<BlobDownloads>()
        .AddSingleton<BlobSender>()
        .AddSingleton<LinkCheck>()
        .AddSingleton<UnkeptBlobs>()
        .AddSingleton<BackgroundDownloads>()
        .AddSingleton<BlobParts>()
        .AddSingleton<BlobAnswers>()
        .AddSingleton<BlobCache>()
        .AddSingleton<StoredManifests>()
        .AddSingleton<TagIndex>()
        .AddSingleton<ManifestRefusals>()
        .AddSingleton<ManifestFetcher>()
        .AddSingleton<ManifestCache>()
        .AddSingleton<CacheCluster>()
        .AddSingleton<CacheInvalidation>()
        .AddSingleton<WriteAnnouncer>()
        .AddSingleton<UntoldWrites>()
        .AddHostedService(provider => provider.GetRequiredService<UntoldWrites>())
        .AddSingleton<CacheReporter>()
        .AddHostedService<InvalidationSubscription>()
        .AddHostedService<DiskRecovery>();

    private static IServiceCollection AddDistribution(this IServiceCollection services) => services
        .AddSingleton<Callers>()
        .AddSingleton<PushedManifests>()
        .AddSingleton<NewNames>()
        .AddSingleton<DistributionEndpoints>()
        .AddSingleton<OperationRunner>()
        .AddSingleton<PullOperations>()
        .AddSingleton<IllegibleWrites>()
        .AddSingleton<RepeatableWrites>()
        .AddSingleton<Deletions>()
        .AddSingleton<AnnouncedWrites>()
        .AddSingleton<ManifestPush>()
        .AddSingleton<DeleteOperations>()
        .AddSingleton<UploadOperations>()
        .AddSingleton<UploadStarter>()
        .AddSingleton<BlobMount>()
        .AddSingleton<UpstreamListing>()
        .AddSingleton<HeldListings>()
        .AddSingleton<ListingReader>()
        .AddSingleton<ListingRoom>()
        .AddSingleton<TagListing>()
        .AddSingleton<ReferrersSupport>()
        .AddSingleton<TaggedReferrers>()
        .AddSingleton<ReferrersListing>()
        .AddSingleton<ListWriter>()
        .AddSingleton<ReferrersTurns>()
        .AddSingleton<ReferrersUpkeep>()
        .AddSingleton(services => new PulledRepositories(
            services.GetRequiredService<RequestStatistics>(),
            tenant => services.GetRequiredService<ClusterClient>().CallOnce(
                (grains, _) => grains.GetGrain<IAuditTailGrain>(0).Names(tenant), CallPolicy.PulledNames, CancellationToken.None),
            services.GetRequiredService<TimeProvider>()))
        .AddSingleton<CatalogListing>();
}
