using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>GET /admin/audit[?since=TIME]</c>: the newest lines of this tenant at each gateway, and at each silo that serves operators; all of
/// them, or those that are wanted (<see cref="AuditFilter"/>).
/// </summary>
internal sealed class AuditDesk(IGrainFactory grains)
{
    public async ValueTask<AdministrationReply> Read(AdministrationCall call)
    {
        var since = DateTimeOffset.MinValue;
        if (call.Fields() is not { } fields || (fields.TryGetValue("since", out var text) && !DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out since)))
        {
            return AdministrationAnswer.Unreadable("'since' must be a time such as 2027-01-31T00:00:00Z, of this tenant's audit log");
        }

        if (!AuditFilter.TryRead(fields, out var filter, out var problem))
        {
            return AdministrationAnswer.Unreadable(problem);
        }

        return await grains.GetGrain<IAuditGatheringGrain>(0).Gather(call.Tenant, since) is { } gathered
            ? new AdministrationReply { Status = 200, Body = new Secret(Write(gathered, filter.Of(gathered.Lines))) }
            : AdministrationAnswer.Error(
                503,
                "the cluster has just started, or too many audit queries are running; try again in a few seconds");
    }

    private static string Write(GatheredLines gathered, IReadOnlyList<AuditLineOfTenant> wanted)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("completeSince", gathered.Since);
            json.WriteNumber("gateways", gathered.Gateways);
            json.WriteNumber("silent", gathered.Silent);
            json.WriteNumber("silos", gathered.Silos);
            json.WriteNumber("silentSilos", gathered.SilentSilos);
            json.WriteStartArray("lines");
            foreach (var line in wanted)
            {
                json.WriteRawValue(line.Json);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
