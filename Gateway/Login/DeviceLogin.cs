using System.Text;
using System.Text.Json;
using RegistryProxy.Gateway.Cluster;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.ServiceDefaults.Requests;

namespace RegistryProxy.Gateway.Login;

/// <summary>
/// Login of a terminal without a browser (RFC 8628): the device gets two codes, a person types one of them here. What the person confirms
/// counts only when it was sent from this page, so that no other page can log a browser in for somebody's device.
/// </summary>
internal sealed class DeviceLogin(ClusterClient cluster, BrowserLogin browser, ClientAddress clientAddress)
{
    private const int MaxBody = 1024;

    /// <summary>The device authorization endpoint (RFC 8628 §3.1).</summary>
    public async Task<DistributionError?> Begin(HttpContext context, TokenService tokenService)
    {
        var (address, tenant) = (AddressOf(context), tokenService.Tenant.Name);
        var administers = tokenService.Tenant.HasAdministrators && await AsksFor(context, tenant);
        var start = await cluster.Call(
            (relay, stop) => administers ? relay.BeginDeviceLogin(tenant, address, administers, stop)
                : relay.BeginDevice(tenant, address, stop),
            CallPolicy.DeviceStart, context.RequestAborted);
        if (start is null)
        {
            return DistributionError.TooManyRequests("too many device logins; try again later", 30);
        }

        var page = tokenService.Origin + LoginEndpoints.DevicePath;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-store";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("device_code", start.DeviceCode.Reveal());
        json.WriteString("user_code", start.UserCode);
        json.WriteString("verification_uri", page);
        json.WriteString("verification_uri_complete", $"{page}?user_code={start.UserCode}");
        json.WriteNumber("expires_in", start.ExpiresIn);
        json.WriteNumber("interval", start.Interval);
        json.WriteEndObject();
        return null;
    }

    /// <summary>Asks for the user code, or for the confirmation of one.</summary>
    public async Task<DistributionError?> Prompt(HttpContext context, TokenService tokenService, QueryParameters query)
    {
        if (!query.TryGetSingle("user_code", out var code) || code is null)
        {
            await LoginPages.PromptForCode(context, tokenService);
            return null;
        }

        var userCode = Normalise(code);
        var from = AddressOf(context);
        var found = await cluster.Call(
            (relay, stop) => relay.SearchDevice(tokenService.Tenant.Name, userCode, from, stop), CallPolicy.DeviceSearch,
            context.RequestAborted);
        if (found.Throttled)
        {
            return DistributionError.TooManyRequests("Too many wrong codes of late; wait a little and type it again.", 10);
        }

        if (found.Address is not { } address)
        {
            return DistributionError.NotFound("No device waits for this code: it was mistyped, is over, or was used already.");
        }

        await LoginPages.Confirm(context, tokenService, userCode, address);
        return null;
    }

    /// <summary>The person confirmed: off to the provider.</summary>
    public async Task<DistributionError?> Confirm(HttpContext context, TokenService tokenService)
    {
        if (context.Request.Headers.Origin != tokenService.Origin)
        {
            return DistributionError.Denied("This form was not sent from the login page of this registry.");
        }

        return QueryParameters.TryParse(await Form(context), out var form)
            && form.TryGetSingle("user_code", out var code) && code is not null
            && form.TryGetSingle("authenticator", out var authenticator) && authenticator is not null
            && tokenService.Tenant.InteractiveLogins.Contains(authenticator)
                ? await browser.Send(context, tokenService, authenticator, LoginPurpose.Client, Normalise(code))
                : DistributionError.Unsupported("The form is incomplete.", StatusCodes.Status400BadRequest);
    }

    /// <summary>Whether a device asks for the administration of the tenant (RFC 8628 §3.1).</summary>
    private static async Task<bool> AsksFor(HttpContext context, string tenant) =>
        QueryParameters.TryParse(await Form(context), out var form) && form.TryGetSingle("scope", out var scope) && scope is not null
        && AdministrationScope.ParseAll([scope]).Contains(tenant);

    private static ValueTask<string> Form(HttpContext context) => WholeBodies.Read(context, MaxBody, Encoding.ASCII.GetString);

    private string AddressOf(HttpContext context) => clientAddress.Of(context)?.ToString() ?? "";

    /// <summary>As people type it: in any case, with the dash or without (RFC 8628 §6.1).</summary>
    private static string Normalise(string code)
    {
        var letters = string.Concat(code.Where(char.IsAsciiLetter)).ToUpperInvariant();
        return letters.Length == 8 ? $"{letters[..4]}-{letters[4..]}" : letters;
    }
}
