<?php
// Stand-ins for the functions of WordPress and WooCommerce that the plugin calls; then what it prints.

declare(strict_types=1);

const CDP_HOST = '/cdp';
const CDP_WRITE_KEY = 'cdp_pub_1';
const CDP_TOKEN_SECRET = 'a secret of the source';
$hooks = [];

function add_action(string $name, callable $does): void { global $hooks; $hooks[$name] = $does; }
function add_filter(string $name, callable $does): void { global $hooks; $hooks[$name] = $does; }
function get_current_user_id(): int { return 7; }
function esc_attr(string $text): string { return htmlspecialchars($text, ENT_QUOTES); }
function esc_html(string $text): string { return htmlspecialchars($text, ENT_QUOTES); }
function __(string $text): string { return $text; }
function get_woocommerce_currency(): string { return 'USD'; }
function wc_get_price_decimals(): int { return 2; }
function wc_get_price_to_display($product): float { return $product->price; }
function sanitize_text_field(string $text): string { return trim(strip_tags($text)); }
function wp_unslash(string $text): string { return stripslashes($text); }

$product = new class {
    public float $price = 19.99;
    public function get_id(): int { return 5; }
    public function get_sku(): string { return 'lamp'; }
    public function get_name(): string { return 'Lamp </script><b>'; }
};
$order = new class {
    public array $meta = [];
    public function update_meta_data(string $key, string $value): void { $this->meta[$key] = $value; }
};
function WC(): object
{
    global $product;
    $cart = new class ([['data' => $product, 'quantity' => 2]]) {
        public function __construct(private array $lines) {}
        public function get_cart(): array { return $this->lines; }
        public function get_cart_contents_total(): string { return '39.98'; }
    };
    return (object) ['cart' => $cart];
}

require $argv[1];

$_COOKIE['cdp_id'] = 'd-81';
$hooks['woocommerce_checkout_create_order']($order);
$attributes = $hooks['wp_script_attributes'](['id' => 'checkout-cdp-js']);
ob_start();
$hooks['woocommerce_after_single_product']();
$hooks['woocommerce_after_cart']();
$hooks['woocommerce_review_order_before_payment']();
echo json_encode(['page' => ob_get_clean(), 'attributes' => $attributes, 'meta' => $order->meta]);
