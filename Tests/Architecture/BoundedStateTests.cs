using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using RegistryProxy.Background;
using RegistryProxy.Gateway.Memory;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// Everything that a gateway keeps by a key is a <see cref="WeighedCache{TKey, TValue}"/>, which is bounded in bytes, or stands here with
/// what bounds it. None of them grows by what a stranger sends.
/// </summary>
public sealed class BoundedStateTests
{
    private static readonly Type[] Kinds =
    [
        typeof(ConcurrentDictionary<,>), typeof(Dictionary<,>), typeof(HashSet<>), typeof(ConcurrentQueue<>), typeof(Queue<>),
        typeof(ConcurrentBag<>),
        typeof(LinkedList<>), typeof(ConditionalWeakTable<,>), typeof(SortedDictionary<,>), typeof(SingleFlights<,>),
        typeof(WantedFlights<,>),
    ];

    private static readonly Dictionary<string, string> Known = new()
    {
        ["BodyAllowance._taken"] = "one for each caller of whom more than 64 KiB are held",
        ["RegistryRequest.<Written>k__BackingField"] = "one for each write of a request",
        ["BasicLogin._running"] = "one for each login that a request waits for",
        ["BlobDownloads._running"] = "one for each download that somebody waits for",
        ["DecisionCache._ahead"] = "one for each tenant of the configuration",
        ["DecisionCache._renewals"] = "one for each identity whose sessions are being renewed, a second at most",
        ["DecisionQuestions._lines"] = "one for each identity of which requests wait for a decision",
        ["Deletions._worked"] = "one of at most Deletions.MaxActions characters for each upstream of the configuration",
        ["DiskIndex._entries"] = "one for each file of the cache",
        ["DiskIndex._shares"] = "one for each tenant of the configuration",
        ["DiskShare._byUse"] = "one for each file of the cache",
        ["Expectations._refused"] = "a time for each upstream of the configuration",
        ["FailingUpstreams._known"] = "one for each upstream of the configuration, and those that left it ten minutes ago",
        ["UpstreamOutage._said"] = "UpstreamOutage.MaxReasons texts of the code and of TLS",
        ["BackgroundDownloads._running"] = "BackgroundDownloads.MaxRunning downloads",
        ["FrontDoorMap._rules"] = "one for each tenant of the configuration",
        ["UpstreamTokenCache._flights"] = "one for each question that the cluster is being asked, ten seconds at most",
        ["HeadTruth._records"] = "two of fixed size for each upstream of the configuration",
        ["KeyedPlaces._rows"] = "one for each caller or tenant whose listings are read or wait",
        ["Members.<All>k__BackingField"] = "the keys of one group of a GroupedCache, whose WeighedCache weighs them",
        ["Line._asked"] = "one for each session that requests wait for",
        ["Line._next"] = "one for each session that requests wait for",
        ["LateTokens._vain"] = "a time for each upstream of the configuration",
        ["ListingWalk._read"] = "UpstreamListing.MaxPages hashes of pages that one listing is read from",
        ["ListingProgress._next"] = "one for each upstream that one listing is read from",
        ["ListingProgress._warnings"] = "one for each upstream that one listing is read from",
        ["ListingProgress._read"] = "one for each upstream that one listing is read from",
        ["ManifestFetcher._flights"] = "one for each question that a request waits for",
        ["SiloProbe._heard"] = "SiloProbe.MaxSilos",
        ["PermitShard._listed"] = "LimitShares.Capacity limits that are asked for",
        ["PageDocument._assets"] = "the files of the page, which are in the assembly",
        ["PulledRepositories._known"] = "PulledRepositories.MaxTenants answers of at most NameGathering.MaxBytes",
        ["RangeFlights._heldOf"] = "a number for each tenant that is in use",
        ["RangeFlights._running"] = "one for each part of a blob that a request waits for",
        ["Counters._repositories"] = "RequestStatistics.MaxRepositories names of a tenant that were pulled",
        ["LimitedRequests._tenants"] = "one for each tenant of the configuration",
        ["RefusedRequests._tenants"] = "one for each tenant of the configuration",
        ["Second._identities"] = "RefusedRequests.MaxOfTenant identities of a tenant that were refused within the last second",
        ["Counters._reasons"] = "one for each reason that the code has for a refusal",
        ["RequestStatistics._tenants"] = "one for each tenant of the configuration",
        ["Row._waiting"] = "as many requests of one caller as SharedPlaces is made for",
        ["SharedPlaces._line"] = "one for each caller who waits for a place",
        ["SharedPlaces._rows"] = "one for each caller who has a place or waits for one",
        ["StallWatch._waiting"] = "one for each request that waits for the head of its answer",
        ["StoredBlobs._checks"] = "one for each file that is being hashed",
        ["TenantLimits._tenants"] = "one for each tenant of the configuration",
        ["UnknownKeys._callers"] = "one for each address of which a request waits for a key, UnknownKeys.MaxWaiting",
        ["TenantSeries._taken"] = "as many sets of labels as its pool has",
        ["TenantSeries._counts"] = "a number for each tenant that has one of them",
        ["UpstreamAccounts._counts"] = "one for each upstream of the configuration",
        ["UpstreamAccounts._gone"] = "one for each upstream that left the configuration ten minutes ago",
        ["UpstreamAccounts._accounts"] = "one for each account of the configuration",
        ["WaitingStrangers._waiting"] = "one for each address of which a request waits, WaitingStrangers.MaxWaiting",
        ["WeighedCache`2._clock"] = "itself",
        ["WeighedCache`2._nodes"] = "itself",
        ["GroupedCache`3._large"] = "a few: groups with more than their share of the cache",
        ["GroupedCache`3._owners"] = "one for each group of entries of its WeighedCache, which weighs them",
        ["Owner.<Turn>k__BackingField"] = "keys of the group as it was when the cache was full, as its WeighedCache weighs them",
        ["GroupedCache`3._groups"] = "one for each entry of its WeighedCache, which weighs it",
        ["UnfinishedWrites._begun"] = "UnfinishedWrites.MaxCount tags and digests",
    };

    [Fact]
    public void What_gateways_keep_is_bounded_in_bytes_or_known()
    {
        var kept = typeof(WeighedCache<,>).Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith("RegistryProxy", StringComparison.Ordinal) == true
                && !type.IsDefined(typeof(CompilerGeneratedAttribute)))
            .SelectMany(type => type.GetFields(
                BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => field.FieldType.IsGenericType && Kinds.Contains(field.FieldType.GetGenericTypeDefinition()))
            .Select(field => $"{field.DeclaringType!.Name}.{field.Name}");
        Assert.Equal(Known.Keys.Order(StringComparer.Ordinal), kept.Order(StringComparer.Ordinal));
    }
}
