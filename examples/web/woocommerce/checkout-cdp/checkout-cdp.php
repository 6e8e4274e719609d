<?php
/**
 * Plugin Name: Checkout CDP
 * Description: The script of Checkout CDP in the shop's pages, its blocks in the checkout, and the device on orders.
 * Version: 0.1.0
 * Requires PHP: 8.1
 * Requires Plugins: woocommerce
 * License: Apache-2.0
 *
 * Set in wp-config.php: CDP_HOST (such as /cdp), CDP_WRITE_KEY, and CDP_TOKEN_SECRET for who is signed in.
 */

declare(strict_types=1);

/** What proves who is signed in: a JWT by HS256, as the gateway reads it. */
function checkout_cdp_token(string $user_id, string $secret, int $now): string
{
    $part = static fn (array $of): string => rtrim(strtr(base64_encode((string) json_encode($of)), '+/', '-_'), '=');
    $signed = $part(['alg' => 'HS256', 'typ' => 'JWT']) . '.'
        . $part(['sub' => $user_id, 'iat' => $now, 'exp' => $now + 3600]);
    $signature = hash_hmac('sha256', $signed, $secret, true);
    return $signed . '.' . rtrim(strtr(base64_encode($signature), '+/', '-_'), '=');
}

/** The attributes of the script's element. */
function checkout_cdp_attributes(): array
{
    $user_id = get_current_user_id();
    $attributes = ['data-key' => CDP_WRITE_KEY, 'data-user' => $user_id ? (string) $user_id : ''];
    if ($user_id && defined('CDP_TOKEN_SECRET')) {
        $attributes['data-user-token'] = checkout_cdp_token((string) $user_id, CDP_TOKEN_SECRET, time());
    }
    return $attributes;
}

/** JSON that no browser runs, and that cannot end its element. */
function checkout_cdp_block(array $value, string $attribute, string $name): string
{
    $json = json_encode($value, JSON_HEX_TAG | JSON_UNESCAPED_UNICODE);
    return sprintf('<script type="application/json" %s="%s">%s</script>', $attribute, esc_attr($name), $json);
}

/** An article as Segment's spec has it: money in major units. */
function checkout_cdp_product($product, ?int $quantity = null): array
{
    $made = [
        'product_id' => (string) $product->get_id(),
        'sku' => $product->get_sku() ?: null,
        'name' => $product->get_name(),
        'price' => (float) wc_get_price_to_display($product),
        'currency' => get_woocommerce_currency(),
        'quantity' => $quantity,
    ];
    return array_filter($made, static fn ($each) => $each !== null);
}

/** The cart as slots have it: money in minor units. */
function checkout_cdp_context(): array
{
    $minor = static fn ($amount): int => (int) round((float) $amount * 10 ** wc_get_price_decimals());
    $items = [];
    foreach (WC()->cart->get_cart() as $line) {
        $items[] = [
            'sku' => $line['data']->get_sku() ?: (string) $line['data']->get_id(),
            'name' => $line['data']->get_name(),
            'quantity' => (int) $line['quantity'],
            'price' => $minor(wc_get_price_to_display($line['data'])),
        ];
    }
    return [
        'items' => $items,
        'value' => $minor(WC()->cart->get_cart_contents_total()),
        'currency' => get_woocommerce_currency(),
    ];
}

/** A slot, with what shows if nothing comes in time. */
function checkout_cdp_slot(string $placement, string $slot, string $fallback): string
{
    return sprintf(
        '<cdp-slot placement="%s" slot="%s" context="#cdp-context"><p>%s</p></cdp-slot>',
        esc_attr($placement),
        esc_attr($slot),
        esc_html($fallback)
    );
}

add_action('wp_enqueue_scripts', static function (): void {
    wp_enqueue_script('checkout-cdp', CDP_HOST . '/cdp.js', [], null, ['strategy' => 'defer']);
});

add_filter('wp_script_attributes', static function (array $attributes): array {
    return ($attributes['id'] ?? '') === 'checkout-cdp-js' ? $attributes + checkout_cdp_attributes() : $attributes;
});

add_action('woocommerce_after_single_product', static function (): void {
    global $product;
    echo checkout_cdp_block(checkout_cdp_product($product), 'data-cdp-event', 'Product Viewed');
});

add_action('woocommerce_after_cart', static function (): void {
    $products = [];
    foreach (WC()->cart->get_cart() as $line) {
        $products[] = checkout_cdp_product($line['data'], (int) $line['quantity']);
    }
    $value = (float) WC()->cart->get_cart_contents_total();
    $cart = ['products' => $products, 'value' => $value, 'currency' => get_woocommerce_currency()];
    echo checkout_cdp_block($cart, 'data-cdp-event', 'Cart Viewed');
});

add_action('woocommerce_review_order_before_payment', static function (): void {
    echo checkout_cdp_slot('checkout', 'loyalty', __('Members earn points with every order.', 'checkout-cdp'));
    echo checkout_cdp_slot('checkout', 'reassurance', __('Secure payment', 'checkout-cdp'));
    echo checkout_cdp_block(checkout_cdp_context(), 'id', 'cdp-context');
});

/** The order's webhook then tells from which browser it came. The cookie is there with consent alone. */
add_action('woocommerce_checkout_create_order', static function ($order): void {
    $device = sanitize_text_field(wp_unslash($_COOKIE['cdp_id'] ?? ''));
    if ($device !== '') {
        $order->update_meta_data('_cdp_id', substr($device, 0, 100));
    }
});
