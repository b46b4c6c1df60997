// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IReinsuranceTower, Layer} from "./interfaces/IReinsuranceTower.sol";
import {Cover, IUnderwritingPool, SeriesAccount, SeriesId} from "./interfaces/IUnderwritingPool.sol";

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

    mapping(address cedent => Stack stack) private _stacks;
    /// @dev Each layer's window for a series, 8 bits a layer.
    mapping(address cedent => mapping(SeriesId series => uint256 packed)) private _windows;

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
    function share(
        address cedent,
        SeriesId series,
        uint64 exposureUnits,
        uint64 premiumUnits
    ) external view returns (uint64 cededUnits, uint64 cededPremiumUnits) {
        Layer[] memory layers = layersOf(cedent);
        for (uint256 i; i < layers.length; ++i) {
            cededUnits += _exposureOf(layers[i], exposureUnits) - layers[i].pool.seriesOf(series).exposure;
            cededPremiumUnits += _premiumOf(layers[i], premiumUnits);
        }
    }

    // ── write ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IReinsuranceTower
    function accept(SeriesId series, uint40 start, uint40 end, uint40 settleBy) external {
        Layer[] memory layers = layersOf(msg.sender);
        uint256 windows;
        for (uint256 i; i < layers.length; ++i)
            windows |= uint256(layers[i].pool.accept(series, start, end, settleBy)) << (8 * i);
        if (layers.length != 0) _windows[msg.sender][series] = windows;
    }

    /// @inheritdoc IReinsuranceTower
    function cede(SeriesId series, uint64 exposureUnits, uint64 premiumUnits) external {
        Layer[] memory layers = layersOf(msg.sender);
        for (uint256 i; i < layers.length; ++i) {
            IUnderwritingPool pool = layers[i].pool;
            Cover memory cover = Cover({
                series: series,
                window: _windowOf(series, i),
                zone: 0,
                party: address(this),
                exposureUnits: _exposureOf(layers[i], exposureUnits) - pool.seriesOf(series).exposure,
                premiumUnits: _premiumOf(layers[i], premiumUnits)
            });
            uint256 premium = cover.premiumUnits * pool.unit();
            if (premium != 0) {
                IERC20 token = IERC20(IERC4626(address(pool)).asset());
                token.safeTransferFrom(msg.sender, address(this), premium);
                token.forceApprove(address(pool), premium);
            }
            emit RiskCeded(msg.sender, series, i, cover.exposureUnits, cover.premiumUnits);
            pool.write(cover, type(uint64).max);
        }
    }

    /// @inheritdoc IReinsuranceTower
    function release(
        SeriesId series,
        uint64 exposureUnits,
        uint64 premiumUnits,
        uint64 refundUnits
    ) external returns (uint64 freedUnits, uint64 premiumUnits_, uint256 refunded) {
        Layer[] memory layers = layersOf(msg.sender);
        for (uint256 i; i < layers.length; ++i) {
            IUnderwritingPool pool = layers[i].pool;
            Cover memory cover = Cover({
                series: series,
                window: _windowOf(series, i),
                zone: 0,
                party: msg.sender,
                exposureUnits: pool.seriesOf(series).exposure - _exposureOf(layers[i], exposureUnits),
                premiumUnits: _premiumOf(layers[i], premiumUnits)
            });
            freedUnits += cover.exposureUnits;
            premiumUnits_ += cover.premiumUnits;
            uint256 refund = (uint256(refundUnits) * cover.premiumUnits) / premiumUnits;
            refunded += pool.release(cover, uint64(refund));
        }
    }

    /// @inheritdoc IReinsuranceTower
    function draw(
        SeriesId series,
        SeriesAccount calldata account,
        uint256 payoutBps,
        uint64 lossUnits,
        bool refunding
    ) external returns (uint64 drawnUnits, uint64 cededUnits) {
        Layer[] memory layers = layersOf(msg.sender);
        for (uint256 i; i < layers.length; ++i) {
            SeriesAccount memory carried = layers[i].pool.seriesOf(series);
            cededUnits += carried.exposure;
            uint256 part = refunding ? carried.premium : _lossOf(layers[i], account.exposure, payoutBps);
            part = Math.min(Math.min(part, carried.exposure), lossUnits - drawnUnits);
            drawnUnits += uint64(part);
            layers[i].pool.draw(series, uint64(part));
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

    function _windowOf(SeriesId series, uint256 layer) private view returns (uint8) {
        return uint8(_windows[msg.sender][series] >> (8 * layer));
    }

    function _standsBehind(IUnderwritingPool pool, address cedent) private view returns (bool) {
        return
            pool.BOOK() == address(this) &&
            pool.SETTLEMENT() == cedent &&
            pool.TOWER() == address(0) &&
            IERC4626(address(pool)).asset() == IERC4626(cedent).asset();
    }

    function _exposureOf(Layer memory layer, uint256 exposure) private pure returns (uint64) {
        return uint64((exposure * layer.shareBps * (layer.toBps - layer.fromBps)) / SQUARE_BPS);
    }

    function _premiumOf(Layer memory layer, uint256 premiumUnits) private pure returns (uint64) {
        return uint64((premiumUnits * layer.premiumBps) / FULL_BPS);
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
