using System.Text.Json;
using System.Text.Json.Serialization;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;

namespace RegistryProxy.Grains.Administration;

/// <summary>What administrators send and get.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(AccessAnswer))]
[JsonSerializable(typeof(IReadOnlyList<SessionSummary>))]
[JsonSerializable(typeof(SessionRevocation))]
[JsonSerializable(typeof(SessionRevocationReply))]
[JsonSerializable(typeof(RobotRequest))]
[JsonSerializable(typeof(RobotRotation))]
[JsonSerializable(typeof(TenantUsage))]
[JsonSerializable(typeof(HourOfActivity))]
[JsonSerializable(typeof(TenantUpstream[]))]
[JsonSerializable(typeof(ConfigurationOutcome))]
[JsonSerializable(typeof(ConfigurationErrors))]
[JsonSerializable(typeof(ConfigurationHistory))]
[JsonSerializable(typeof(ConfigurationRollback))]
[JsonSerializable(typeof(TenantPartView))]
[JsonSerializable(typeof(RobotView))]
[JsonSerializable(typeof(RobotView[]))]
internal sealed partial class AdministrationJson : JsonSerializerContext;
