using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;
using RegistryProxy.Background;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Silo.Storage;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// Everything that grains and silos keep in memory as a collection stands here with what bounds it, and until when: nothing grows by what
/// gateways, clients or administrators of tenants send.
/// </summary>
public sealed class BoundedGrainsTests
{
    private static readonly Type[] Kinds =
    [
        typeof(ConcurrentDictionary<,>), typeof(Dictionary<,>), typeof(HashSet<>), typeof(ConcurrentQueue<>), typeof(Queue<>),
        typeof(List<>), typeof(ConcurrentBag<>), typeof(LinkedList<>), typeof(ConditionalWeakTable<,>), typeof(SortedDictionary<,>),
        typeof(SortedSet<>), typeof(SingleFlights<,>), typeof(WantedFlights<,>),
    ];

    private static readonly Dictionary<string, string> Known = new()
    {
        ["AuditTailGrain._gateways"] = "AuditTailGrain.MaxGateways, until they are silent for a while",
        ["AuditTailGrain._silos"] = "AuditTailGrain.MaxGateways, until they are silent for a while",
        ["AuditTailGrain._gatherings"] = "AuditTailGrain.MaxGatherings, until each is over",
        ["AuditTailGrain._pulls"] = "AuditTailGrain.MaxPulls, for PullsReuse",
        ["NameGathering._gatherings"] = "NameGathering.MaxTenants, for Reuse",
        ["ExplainDesk._running"] = "one for each tenant of the configuration of which a question is being answered",
        ["GatheringLine._turns"] = "as many as may wait, each for its time",
        ["GatheringLine._called"] = "AuditTailGrain.MaxGatherings, until each begins",
        ["CacheGrain._reports"] = "one for each gateway that reported within ReportLifetime",
        ["Followers._gateways"] = "one for each gateway, until its subscription ends",
        ["Followers._deaf"] = "one for each gateway that did not answer, for CacheReport.Trust",
        ["SlowGateways._known"] = "one for each gateway that did not answer, until its pause is over",
        ["UnfinishedChanges._begun"] = "UnfinishedChanges.MaxCount, for MaxTime",
        ["KeyPublication._followers"] = "one for each gateway that follows, until it is silent for a while",
        ["KeyPublication._published"] = "the keys of the ring, until the last token by each is over",
        ["KeptParts._parts"] = "one for each file of the configuration",
        ["SnapshotBook._steps"] = "SnapshotBook.ChangeCapacity",
        ["SnapshotGateways._formats"] = "one for each gateway that follows, until its subscription ends",
        ["SnapshotGateways._asking"] = "one for each gateway that waits for an answer",
        ["RulesAhead._known"] = "one for each tenant of the snapshot, until silos agree or are gone",
        ["SnapshotGrain._gathered"] = "one for each identity whose sessions change in this moment, until it is told",
        ["PasswordChecks._running"] = "PasswordLine.MaxWaiting checks of passwords",
        ["PasswordLine._waiting"] = "PasswordLine.MaxWaiting",
        ["PasswordLine._tenants"] = "one for each of those who wait",
        ["PasswordLine._addresses"] = "one for each of those who wait",
        ["ServiceOutages._known"] = "ServiceOutages.MaxKnown, until ten minutes after it was taken out of the configuration",
        ["ServiceOutage._open"] = "one for each kind of question that one server is asked",
        ["ServiceOutage._said"] = "ServiceOutages.MaxReasons",
        ["LimitBook._limits"] = "LimitBook.Capacity, until nobody has a share",
        ["StateProbe._read"] = "one for each record of ClusterRecord.All",
        ["PermitBook._pools"] = "PermitBook.Capacity, until nobody asks and they are full",
        ["PermitPool._holders"] = "PermitPool.MaxGateways, for LimitSharing.Lifetime",
        ["SharedLimit._gateways"] = "SharedLimit.MaxGateways, for LimitSharing.Lifetime",
        ["ManagedNewsGrain._announced"] = "ManagedNewsGrain.Capacity",
        ["ManagedReader._running"] = "one for each tenant of the configuration",
        ["ManagedReader._outdated"] = "one for each tenant of the configuration",
        ["ManagedReader._read"] = "ManagedReader.MaxTaken",
        ["ManagedReadings._read"] = "one for each tenant of the configuration",
        ["ActivityBook._rings"] = "ActivityBook.MaxRings, for an hour after the last use",
        ["ProcessBook._reporting"] = "ProcessBook.MaxProcesses, for a minute after the last report",
        ["ProcessBook._missed"] = "ProcessBook.MaxProcesses, for an hour",
        ["TurnLine._places"] = "TurnLine.Capacity, until they are silent for a while",
        ["RobotBook._uses"] = "one for each live secret of a tenant, for UsesWrittenEvery",
        ["DetourHandler._detours"] = "one for each endpoint that the configuration names for a cloud",
        ["PresignedCallerIdentity.Grammar"] = "the parameters of a signed request, which are in the code",
        ["HtpasswdAuthenticator.NoClaims"] = "nothing",
        ["RobotAuthenticator.NoClaims"] = "nothing",
        ["KubernetesClusters._byIssuer"] = "one for each cluster of the configuration",
        ["SessionBook._doubtful"] = "one for each session of an identity whose end is being written",
        ["SessionCatalog._sessions"] = "SessionCatalog.Capacity, until they end",
        ["SessionCatalog._opened"] = "one for each session of the list",
        ["SessionCatalog._ends"] = "one for each session of the list",
        ["SessionChangeLog._last"] = "SessionChangeLog.Capacity",
        ["SessionHolders._holders"] = "one for each identity of the list",
        ["SessionHolders._byCount"] = "one for each identity of the list",
        ["SessionIndexPages._pages"] = "the pages of the list",
        ["SessionIndexPages._places"] = "one for each session of the list",
        ["SessionIndexPages._newest"] = "one for each session of the newest page",
        ["SessionIndexPages._lessened"] = "the pages of the list, until they are written",
        ["SessionIndexPages._dropped"] = "the pages of the list, until they are written",
        ["SessionJudge._distinct"] = "one for each set of rules of one answer",
        ["SessionJudge._open"] = "one for each set of rules of one answer",
        ["SessionLookup._sessions"] = "the sessions of one identity, SessionEviction bounds them",
        ["SessionLookup._byId"] = "the sessions of one identity",
        ["SessionPages._links"] = "the pages of one identity",
        ["SessionPages._lookups"] = "the pages of one identity",
        ["SessionPages._pages"] = "the pages of one identity",
        ["SessionPages._places"] = "the sessions of one identity",
        ["SessionPages._shared"] = "the sessions of one identity",
        ["SessionRules._known"] = "one for each set of rules of one answer",
        ["SessionRules._byGroups"] = "one for each list of groups of the sessions of one answer",
        ["TenantSessionsGrain._over"] = "one for each identity of the list whose sessions ended, until it is tidied up",
        ["TenantSessionsGrain._known"] = "one for each identity of the list whose sessions ended, until it is tidied up",
        ["WaitingSessions._sessions"] = "SessionIndexWriter.MaxWaiting, until they end",
        ["Stored`1._waiting"] = "one for each call that waits for a write of one record",
        ["OpenBreakers._open"] = "one for each gateway whose breaker is open, for the life of its word",
        ["RequestLedger._given"] = "one for each lease of the last window of an account",
        ["RequestLedger._underWay"] = "one for each gateway that asked, for BudgetLease.Lifetime",
        ["PerStamp`1._known"] = "PerStamp.MaxKept",
        ["UpstreamFailureMeter._failing"] = "UpstreamFailureMeter.MaxConditions",
        ["UpstreamHealth._said"] = "UpstreamHealth.MaxReasons",
        ["UpstreamSights._seen"] = "UpstreamSights.MaxGateways, for Fresh",
        ["UpstreamPrincipalGrain._leases"] = "one for each material of the upstreams of the configuration",
        ["UpstreamPrincipalGrain._materials"] = "one for each upstream of the configuration",
        ["UpstreamTokenGrain._flights"] = "one for each credential of which a token is being fetched",
        ["ExplainCheck._fields"] = "the fields of a question, which are in the code",
        ["SummaryParts._unknown"] = "the parts of one answer",
        ["ExpiringMemoryStorage._ends"] = "one for each record in memory, until its end",
        ["ProtectedGrainStorage._alarmed"] = "ProtectedGrainStorage.AlarmCapacity",
        ["StateMeter._refused"] = "one for each reason that the code has",
        ["SessionIndexWriter._waiting"] = "one for each tenant of the configuration, SessionIndexWriter.MaxWaiting sessions each",
    };

    [Fact]
    public void What_grains_and_silos_keep_is_known_with_its_bound()
    {
        var kept = new[] { typeof(StateStore), typeof(ProtectedGrainStorage) }.SelectMany(one => one.Assembly.GetTypes())
            .Where(type => type.Namespace?.StartsWith("RegistryProxy", StringComparison.Ordinal) == true
                && !type.IsDefined(typeof(CompilerGeneratedAttribute)) && !type.IsDefined(typeof(GenerateSerializerAttribute)))
            .SelectMany(type => type.GetFields(BindingFlags.Instance | BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public
                | BindingFlags.DeclaredOnly))
            .Where(field => !field.IsDefined(typeof(CompilerGeneratedAttribute)) && field.FieldType.IsGenericType
                && Kinds.Contains(field.FieldType.GetGenericTypeDefinition()))
            .Select(field => $"{field.DeclaringType!.Name}.{field.Name}").ToList();
        Assert.Equal(("", ""), (string.Join(' ', kept.Except(Known.Keys)), string.Join(' ', Known.Keys.Except(kept))));
    }
}
