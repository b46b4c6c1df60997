// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IReinsuranceTower, Layer} from "./interfaces/IReinsuranceTower.sol";
import {IUnderwritingPool, SeriesId} from "./interfaces/IUnderwritingPool.sol";
import {Cover, Covers} from "./libraries/Covers.sol";
import {Decision} from "./libraries/Decisions.sol";

/// @title ReinsuranceTower
/// @notice The layers behind underwriting pools. See `IReinsuranceTower`.
/// @dev A layer's exposure to a series is `⌊exposure · share · width⌋` of the series' running total, so that the parts
/// always add up; what it pays is rounded up within that, so that no pool ever owes more than it has locked.
contract ReinsuranceTower is IReinsuranceTower, AccessManaged {
    using SafeERC20 for IERC20;

    uint256 private constant MAX_LAYERS = 4;
    uint256 private constant FULL_BPS = 10_000;
    uint256 private constant SQUARE_BPS = FULL_BPS * FULL_BPS;

    struct Stack {
        uint256 count;
        Layer[MAX_LAYERS] layers;
    }

    /// @dev What a layer carries of a series: | 120 free | 8 window | 64 premium units | 64 exposure units |
    struct Carried {
        uint64 exposure;
        uint64 premium;
        uint8 window;
    }

    mapping(address cedent => Stack stack) private _stacks;
    mapping(address cedent => mapping(SeriesId series => Carried[MAX_LAYERS] parts)) private _carried;

    /// @param manager The deployment's AccessManager, which appoints who sets layers.
    constructor(address manager) AccessManaged(manager) {}

    // ── read ────────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IReinsuranceTower
    function layersOf(address cedent) public view returns (Layer[] memory layers) {
        Stack storage stack = _stacks[cedent];
        layers = new Layer[](stack.count);
        for (uint256 i; i < layers.length; ++i) layers[i] = stack.layers[i];
    }

    /// @inheritdoc IReinsuranceTower
    function carriedOf(
        address cedent,
        SeriesId series
    ) external view returns (uint64[] memory exposureUnits, uint64[] memory premiumUnits) {
        uint256 count = _stacks[cedent].count;
        exposureUnits = new uint64[](count);
        premiumUnits = new uint64[](count);
        for (uint256 i; i < count; ++i) {
            Carried memory part = _carried[cedent][series][i];
            (exposureUnits[i], premiumUnits[i]) = (part.exposure, part.premium);
        }
    }

    /// @inheritdoc IReinsuranceTower
    function share(
        address cedent,
        SeriesId series,
        Cover cover
    ) external view returns (uint256 cededUnits, uint256 cededPremiumUnits) {
        Layer[] memory layers = layersOf(cedent);
        for (uint256 i; i < layers.length; ++i) {
            cededUnits += _exposureOf(layers[i], cover.total()) - _carried[cedent][series][i].exposure;
            cededPremiumUnits += _premiumOf(layers[i], cover.premium());
        }
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IReinsuranceTower
    function accept(SeriesId series, uint40 start, uint40 end, uint40 settleBy) external {
        Layer[] memory layers = layersOf(msg.sender);
        for (uint256 i; i < layers.length; ++i)
            _carried[msg.sender][series][i].window = layers[i].pool.accept(series, start, end, settleBy);
    }

    /// @inheritdoc IReinsuranceTower
    function cede(SeriesId series, Cover cover) external {
        Layer[] memory layers = layersOf(msg.sender);
        for (uint256 i; i < layers.length; ++i) {
            IUnderwritingPool pool = layers[i].pool;
            Carried memory part = _carried[msg.sender][series][i];
            uint256 total = _exposureOf(layers[i], cover.total());
            uint256 exposure = total - part.exposure;
            uint256 premium = _premiumOf(layers[i], cover.premium());
            part.exposure = uint64(total);
            part.premium += uint64(premium);
            _carried[msg.sender][series][i] = part;
            emit RiskCeded(msg.sender, series, i, exposure, premium);
            _forward(pool, premium * pool.unit());
            pool.write(series, Covers.pack(exposure, premium, total, 0, part.window), address(this));
        }
    }

    /// @inheritdoc IReinsuranceTower
    function release(
        SeriesId series,
        Cover cover,
        uint256 refundUnits
    ) external returns (uint256 freedUnits, uint256 premiumUnits, uint256 refunded) {
        Layer[] memory layers = layersOf(msg.sender);
        for (uint256 i; i < layers.length; ++i) {
            (uint256 freed, uint256 premium, uint256 paid) = _releaseFrom(layers[i], i, series, cover, refundUnits);
            freedUnits += freed;
            premiumUnits += premium;
            refunded += paid;
        }
    }

    /// @inheritdoc IReinsuranceTower
    function draw(SeriesId series, Decision decision) external returns (uint256 drawnUnits, uint256 cededUnits) {
        Layer[] memory layers = layersOf(msg.sender);
        for (uint256 i; i < layers.length; ++i) {
            Carried memory part = _carried[msg.sender][series][i];
            delete _carried[msg.sender][series][i];
            cededUnits += part.exposure;
            uint256 loss =
                decision.isRefunding() ? part.premium : _lossOf(layers[i], decision.exposure(), decision.payoutBps());
            loss = Math.min(Math.min(loss, part.exposure), decision.reserve() - drawnUnits);
            drawnUnits += loss;
            layers[i].pool.draw(series, part.exposure, loss);
        }
    }

    /// @inheritdoc IReinsuranceTower
    function setLayers(address cedent, Layer[] calldata layers) external restricted {
        uint256 open = IUnderwritingPool(cedent).openSeries();
        if (open != 0) revert TowerInUse(open);
        if (layers.length > MAX_LAYERS) revert TowerLayerInvalid(MAX_LAYERS);
        Stack storage stack = _stacks[cedent];
        uint256 premium;
        for (uint256 i; i < layers.length; ++i) {
            Layer calldata layer = layers[i];
            premium += layer.premiumBps;
            if (
                layer.fromBps >= layer.toBps ||
                layer.toBps > FULL_BPS ||
                premium > FULL_BPS ||
                _shareAt(layers, layer.fromBps) > FULL_BPS ||
                !_standsBehind(layer.pool, cedent)
            ) revert TowerLayerInvalid(i);
            stack.layers[i] = layer;
        }
        stack.count = layers.length;
        emit LayersChanged(cedent, layers);
    }

    // ── internal ────────────────────────────────────────────────────────────────────────────────────────────────────

    function _standsBehind(IUnderwritingPool pool, address cedent) private view returns (bool) {
        return
            pool.BOOK() == address(this) &&
            pool.CEDENT() == cedent &&
            pool.TOWER() == address(0) &&
            IERC4626(address(pool)).asset() == IERC4626(cedent).asset();
    }

    /// @dev Takes a cancelled policy out of what a layer carries.
    function _releaseFrom(
        Layer memory layer,
        uint256 i,
        SeriesId series,
        Cover cover,
        uint256 refundUnits
    ) private returns (uint256 freed, uint256 premium, uint256 refunded) {
        Carried memory part = _carried[msg.sender][series][i];
        premium = _premiumOf(layer, cover.premium());
        freed = part.exposure - _exposureOf(layer, cover.total());
        part.exposure -= uint64(freed);
        part.premium -= uint64(premium);
        _carried[msg.sender][series][i] = part;
        uint256 share_ = (refundUnits * premium) / cover.premium();
        Cover own = Covers.pack(freed, premium, part.exposure, 0, part.window);
        refunded = layer.pool.release(series, own, msg.sender, share_);
    }

    /// @dev Hands a layer's part of the premium on: from the pool in front of it to itself.
    function _forward(IUnderwritingPool pool, uint256 amount) private {
        if (amount == 0) return;
        IERC20 token = IERC20(IERC4626(address(pool)).asset());
        token.safeTransferFrom(msg.sender, address(this), amount);
        token.forceApprove(address(pool), amount);
    }

    function _exposureOf(Layer memory layer, uint256 exposure) private pure returns (uint256) {
        return (exposure * layer.shareBps * (layer.toBps - layer.fromBps)) / SQUARE_BPS;
    }

    function _premiumOf(Layer memory layer, uint256 premiumUnits) private pure returns (uint256) {
        return (premiumUnits * layer.premiumBps) / FULL_BPS;
    }

    function _lossOf(Layer memory layer, uint256 exposure, uint256 payoutBps) private pure returns (uint256) {
        if (payoutBps <= layer.fromBps) return 0;
        uint256 width = Math.min(payoutBps, layer.toBps) - layer.fromBps;
        return Math.ceilDiv(exposure * layer.shareBps * width, SQUARE_BPS);
    }

    /// @dev Σ shares of the layers that carry the slice just above `bps`.
    function _shareAt(Layer[] calldata layers, uint256 bps) private pure returns (uint256 sum) {
        for (uint256 i; i < layers.length; ++i)
            if (layers[i].fromBps <= bps && bps < layers[i].toBps) sum += layers[i].shareBps;
    }
}
