using System.Text.Json;
using System.Text.Json.Serialization;
using RegistryProxy.Grains.Access;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Robots;

namespace RegistryProxy.Silo.Admin;

/// <summary>A request to end sessions: of a subject, or one.</summary>
internal sealed record Revocation(string? Tenant, string? Subject, string? Session);

/// <summary>A request to free an instance; without a tenant in every tenant.</summary>
internal sealed record AttestationReset(string? Authenticator, string? Instance, string? Tenant);

/// <summary>How many bindings were forgotten.</summary>
internal sealed record AttestationResetReply(int Reset);

/// <summary>How many sessions were ended.</summary>
/// <param name="Revoked">How many.</param>
/// <param name="Message">Why none was; <c>null</c> otherwise.</param>
internal sealed record RevocationReply(
    int Revoked, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message = null);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(Revocation))]
[JsonSerializable(typeof(RevocationReply))]
[JsonSerializable(typeof(AttestationReset))]
[JsonSerializable(typeof(AttestationResetReply))]
[JsonSerializable(typeof(RobotRequest))]
[JsonSerializable(typeof(RobotRotation))]
[JsonSerializable(typeof(RobotTarget))]
[JsonSerializable(typeof(TenantRemovalReply))]
[JsonSerializable(typeof(RobotView))]
[JsonSerializable(typeof(RobotView[]))]
[JsonSerializable(typeof(AccessAnswer))]
[JsonSerializable(typeof(IReadOnlyList<SessionSummary>))]
internal sealed partial class AdminJson : JsonSerializerContext;
