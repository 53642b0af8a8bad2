using System.Text.Json;
using System.Text.Json.Serialization;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.SiloCalls;
using RegistryProxy.ServiceDefaults.Audit;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Silo.Admin.Replies;

namespace RegistryProxy.Silo.Admin;

/// <summary>
/// <c>POST /admin/configuration/accept</c>: lets the files of a silo count that were not made from what the cluster follows, or that return
/// to an earlier text.
/// </summary>
internal sealed class AcceptEndpoint(
    ClientAddress addresses, OperatorCalls calls, AuditLog audit, TimeProvider time, RevisionFeed? feed = null)
{
    public async Task Accept(HttpContext context)
    {
        if (feed is null)
        {
            await AdminReply.Error(context, StatusCodes.Status409Conflict,
                "this process is no member of a cluster: it follows its own file, and there is nothing to accept");
            return;
        }

        if (await AdminBody.Read(context, ConfigurationJson.Default.AcceptRequest) is not { Hash: { Length: 16 } hash }
            || !hash.All(char.IsAsciiHexDigitLower))
        {
            await AdminReply.Error(context, StatusCodes.Status400BadRequest,
                "the body must be {\"hash\": \"…\"} with the 16 hexadecimal digits that the alarm of a silo names");
            return;
        }

        FollowedContent followed;
        try
        {
            followed = await calls.Call<IRevisionAcceptGrain, FollowedContent>("operator", grain => grain.Accept(hash));
        }
        catch (Exception)
        {
            Write(context, hash, "outcome unknown: the cluster or its state storage did not respond");
            throw;
        }

        var isInForce = followed.Content == hash;
        Write(context, hash, isInForce ? null : "accepted; no silo has brought it yet");
        context.Response.StatusCode = isInForce ? StatusCodes.Status200OK : StatusCodes.Status202Accepted;
        await AdminReply.Json(context, new AcceptReply(followed.Revision, followed.Content, isInForce ? null
            : $"accepted, and no silo has brought it yet: the files of none say {hash}. It counts if one does within ten minutes"),
            ConfigurationJson.Default.AcceptReply);
    }

    private void Write(HttpContext context, string hash, string? reason) => audit.Write(new AuditEvent
    {
        Time = time.GetUtcNow(),
        Event = "configuration-accept",
        Subject = hash,
        Client = addresses.Of(context)?.ToString(),
        Reason = reason,
    });
}

/// <summary>A request to let a configuration count.</summary>
internal sealed record AcceptRequest(string? Hash);

/// <summary>What the cluster follows.</summary>
internal sealed record AcceptReply(
    long Revision, string Hash, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Message);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(AcceptRequest))]
[JsonSerializable(typeof(AcceptReply))]
internal sealed partial class ConfigurationJson : JsonSerializerContext;
