using System.Globalization;
using System.Text;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Files.Yaml;
using RegistryProxy.Grains.Configuration;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Grains.Managed;
using RegistryProxy.Protocol;

namespace RegistryProxy.Grains.Administration;

/// <summary>
/// <c>/admin/configuration</c>: the part of a managed tenant, read without its secrets, checked, changed, and taken back.
/// </summary>
internal sealed class ConfigurationDesk(IGrainFactory grains, IConfigurationFeed configuration, ConfigurationBudgets budgets)
{
    private const string Yaml = "application/yaml";

    private static readonly AdministrationReply NotManaged = AdministrationAnswer.Error(
        404, "this tenant is not managed: what it may is in its operator's files");

    private static readonly AdministrationReply NoVersion = AdministrationAnswer.Error(
        404, "there is no such version of this tenant's part any more; see GET /admin/configuration/history");

    private static readonly AdministrationReply TooMany = AdministrationAnswer.Error(
        429, "this tenant's administrators read or change its part too often; wait a few seconds");

    private static readonly AdministrationReply OfAnother = AdministrationAnswer.Error(
        409, "the stored part belongs to a previous tenant of the same name; ask the operator to drop it");

    /// <summary>RFC 6585 §3.</summary>
    private static readonly AdministrationReply NoCondition = AdministrationAnswer.Error(
        428, "say which version this change was made for: send the ETag of GET /admin/configuration as If-Match");

    public async ValueTask<AdministrationReply> Read(AdministrationCall call)
    {
        if (TenantOf(call) is not { } tenant)
        {
            return NotManaged;
        }

        var fields = call.Fields()!;
        if (fields.ContainsKey("check") || (fields.TryGetValue("version", out var asked) && NumberOf(asked) is null))
        {
            return AdministrationAnswer.Unreadable("'version' must be the number of one; 'check' is for PUT");
        }

        if (budgets.TryRead(call) is not { } reading)
        {
            return TooMany;
        }

        var record = await Part(call).Read();
        var (number, newest) = (NumberOf(asked), record.Newest);
        if (number is null || number == (newest?.Number ?? 0) || IsOfAnother(call, tenant, record))
        {
            reading.End(LengthOf(newest));
            return IsOfAnother(call, tenant, record) ? OfAnother : Shown(newest);
        }

        var versions = await Part(call).Versions();
        reading.End(versions.Sum(LengthOf));
        return versions.FirstOrDefault(version => version.Number == number) is { } former ? Shown(former) with { ETag = null } : NoVersion;
    }

    public async ValueTask<AdministrationReply> Write(AdministrationCall call)
    {
        if (TenantOf(call) is not { } tenant)
        {
            return NotManaged;
        }

        var fields = call.Fields()!;
        if (fields.ContainsKey("version") || fields.GetValueOrDefault("check", "false") is not ("true" or "false"))
        {
            return AdministrationAnswer.Unreadable("'check' must be true or false; a former version is taken back by POST " +
                "/admin/configuration/rollback");
        }

        var isCheck = fields.GetValueOrDefault("check") == "true";
        if (call.Request.IfMatch is null && !isCheck)
        {
            return NoCondition;
        }

        if (call.Request.Body is { } body && Encoding.UTF8.GetByteCount(body.Reveal()) > ConfigurationFile.MaxBytes)
        {
            return AdministrationAnswer.Error(413, $"the part is larger than {ConfigurationFile.MaxBytes >> 10} KiB");
        }

        if (!budgets.TryCharge(call))
        {
            return TooMany;
        }

        var record = await Part(call).Read();
        return IsOfAnother(call, tenant, record) ? OfAnother
            : Condition(call.Request.IfMatch, record.Newest)
                ?? await Write(call, Edit(tenant, record, call.Request.Body ?? new Secret("")), isCheck);
    }

    public async ValueTask<AdministrationReply> History(AdministrationCall call)
    {
        if (TenantOf(call) is not { } tenant)
        {
            return NotManaged;
        }

        if (budgets.TryRead(call) is not { } reading)
        {
            return TooMany;
        }

        var record = await Part(call).Read();
        reading.End(LengthOf(record.Newest));
        if (IsOfAnother(call, tenant, record))
        {
            return OfAnother;
        }

        var errors = record.Newest is { } newest ? ManagedPart.Read(configuration.Current.Configuration, tenant, newest.Text).Errors : [];
        return AdministrationAnswer.Good(
            new ConfigurationHistory(
                [.. (await Part(call).Titles()).Select(ConfigurationVersion.Of)], [.. errors.Select(ConfigurationRemark.Of)]),
            AdministrationJson.Default.ConfigurationHistory);
    }

    public async ValueTask<AdministrationReply> Rollback(AdministrationCall call)
    {
        if (TenantOf(call) is not { } tenant)
        {
            return NotManaged;
        }

        var order = call.Read(AdministrationJson.Default.ConfigurationRollback);
        if (order is not { Version: > 0 } || !call.IsOwn(order.Tenant))
        {
            return AdministrationAnswer.Unreadable("the body must be {\"version\": NUMBER}, of this tenant");
        }

        if (!budgets.TryCharge(call))
        {
            return TooMany;
        }

        var record = await Part(call).Read();
        if (IsOfAnother(call, tenant, record))
        {
            return OfAnother;
        }

        var versions = await Part(call).Versions();
        return versions.FirstOrDefault(version => version.Number == order.Version) is not { } former ? NoVersion
            : Condition(call.Request.IfMatch, versions[0]) ?? await Write(
                call, Edit(tenant, record with { Newest = versions[0] }, former.Text) with { Former = former }, isCheck: false);
    }

    private async ValueTask<AdministrationReply> Write(AdministrationCall call, PartEdit edit, bool isCheck)
    {
        var errors = new ErrorList(PartText.OfManaged(call.Tenant));
        var whole = edit.Restored(errors);
        var read = ManagedPart.Read(configuration.Current.Configuration, edit.Tenant, whole);
        if (read.Errors.Count == 0)
        {
            PartEdit.Check(whole, errors);
        }

        if (errors.Sorted.Concat(read.Errors).OrderBy(error => error.Line).ToList() is { Count: > 0 } wrong)
        {
            return AdministrationAnswer.Good(
                new ConfigurationErrors([.. wrong.Select(ConfigurationFault.Of)]), AdministrationJson.Default.ConfigurationErrors, 422);
        }

        var (change, newest, remarks) = (edit.Change, edit.Newest, read.Warnings.Select(ConfigurationRemark.Of).ToList());
        if (isCheck || edit.IsNothing(whole))
        {
            return Done(newest, false, change, remarks);
        }

        var order = new ManagedOrder(newest?.Number ?? 0, whole, call.By.ToString(), change)
        {
            Owner = ManagedOwner.Of(PartOwner.Of(edit.Tenant)),
        };
        var written = await Part(call).Write(order);
        if (written is null || written.Number != order.After + 1 || written.Text != whole)
        {
            return Changed(written);
        }

        await Apply();
        return Done(written, true, change, remarks) with
        {
            Change = new AdministrationEvent(
                edit.Former is null ? "configuration-change" : "configuration-rollback", null, Reference: Text(written.Number),
                Reason: edit.Former is { } former ? $"to version {former.Number}: {change}" : change),
        };
    }

    /// <summary>Has it in use here when the answer comes; other silos follow within a second or two.</summary>
    private async Task Apply()
    {
        try
        {
            await grains.GetGrain<IManagedSyncGrain>(0).Sync();
        }
        catch (Exception)
        {
            // It is written, and will be read.
        }
    }

    private static PartEdit Edit(TenantConfiguration tenant, ManagedRecord record, Secret text) =>
        new(tenant, record.Newest, text) { IsTakenOver = record.IsOfAnother(PartOwner.Of(tenant)) };

    /// <summary>What somebody wrote who had the name before is for operators alone, whose next change makes it the tenant's.</summary>
    private static bool IsOfAnother(AdministrationCall call, TenantConfiguration tenant, ManagedRecord record) =>
        !call.By.IsOperator && record.IsOfAnother(PartOwner.Of(tenant));

    private static int LengthOf(ManagedVersion? version) => version?.Text.Reveal().Length ?? 0;

    private TenantConfiguration? TenantOf(AdministrationCall call) =>
        configuration.Current.Configuration.Tenants.GetValueOrDefault(call.Tenant) is { IsManaged: true } tenant ? tenant : null;

    private IManagedPartGrain Part(AdministrationCall call) => grains.GetGrain<IManagedPartGrain>(call.Tenant);

    private static AdministrationReply Shown(ManagedVersion? version) => new()
    {
        Status = 200, Body = new Secret(YamlSecrets.Hide(version?.Text.Reveal() ?? "")), ETag = ETag.Of(version), ContentType = Yaml,
    };

    private static AdministrationReply Done(
        ManagedVersion? version, bool isChanged, string change, IReadOnlyList<ConfigurationRemark> remarks) => AdministrationAnswer.Good(
            new ConfigurationOutcome(version?.Number ?? 0, isChanged, change, remarks),
            AdministrationJson.Default.ConfigurationOutcome) with
        {
            ETag = ETag.Of(version),
        };

    /// <summary>What an unmet condition is answered with (RFC 9110 §13.1.1); <c>null</c> for a met one, or none.</summary>
    private static AdministrationReply? Condition(string? ifMatch, ManagedVersion? newest) =>
        ifMatch is null || ETag.Matches(ifMatch, newest) ? null : Changed(newest);

    private static AdministrationReply Changed(ManagedVersion? newest) => AdministrationAnswer.Error(
        412, $"somebody else changed this tenant's part: it is at version {newest?.Number ?? 0}; read it again and make the change " +
            "there") with
    {
        ETag = ETag.Of(newest),
    };

    private static long? NumberOf(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
