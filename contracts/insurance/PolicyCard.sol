// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {Base64} from "solady/src/utils/Base64.sol";
import {DateTimeLib} from "solady/src/utils/DateTimeLib.sol";
import {LibString} from "solady/src/utils/LibString.sol";
import {IPolicyCard} from "./interfaces/IPolicyCard.sol";
import {SeriesAccount, SeriesState} from "./interfaces/IPolicySettlement.sol";
import {ISeriesRegistry, Series} from "./interfaces/ISeriesRegistry.sol";
import {SeriesId} from "./interfaces/IUnderwritingPool.sol";

/// @title PolicyCard
/// @notice Draws policies. See `IPolicyCard`.
contract PolicyCard is IPolicyCard {
    using LibString for uint256;
    using LibString for int256;

    ISeriesRegistry private immutable _REGISTRY;

    /// @param registry Keeps the series' terms.
    constructor(ISeriesRegistry registry) {
        _REGISTRY = registry;
    }

    /// @inheritdoc IPolicyCard
    function uri(
        uint256 policyId,
        uint256 sumUnits,
        SeriesAccount calldata account
    ) external view returns (string memory) {
        Series memory series = _REGISTRY.seriesOf(SeriesId.wrap(uint64(policyId >> 32)));
        string memory title = LibString.fromSmallString(series.terms.name);
        string memory sum = _money(series, sumUnits);
        string memory state = _state(account, uint32(policyId) < account.cursor);
        string memory svg = string.concat(
            _frame(LibString.escapeHTML(title), policyId),
            _line(118, "insures", LibString.escapeHTML(sum)),
            _line(148, "from", _date(series.terms.start)),
            _line(178, "to", _date(series.terms.end)),
            _line(208, "pays", _span(series)),
            _line(238, "stands", state),
            "</svg>"
        );
        string memory json = string.concat(
            '{"name":"',
            LibString.escapeJSON(title),
            " #",
            uint256(uint32(policyId)).toString(),
            '","description":"Parametric cover: it pays when the measured data meet its terms.","image":"data:image/svg+xml;base64,',
            Base64.encode(bytes(svg)),
            '","attributes":[{"trait_type":"Sum insured","value":"',
            LibString.escapeJSON(sum),
            '"},{"trait_type":"State","value":"',
            state,
            '"}]}'
        );
        return string.concat("data:application/json;base64,", Base64.encode(bytes(json)));
    }

    function _frame(string memory title, uint256 policyId) private pure returns (string memory) {
        return
            string.concat(
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 420 270' font-family='sans-serif'>",
                "<rect width='420' height='270' rx='16' fill='#10302c'/><path d='M0 74h420' stroke='#3fb68b' stroke-width='2'/>",
                "<text x='24' y='36' fill='#fff' font-size='20'>",
                title,
                "</text><text x='24' y='60' fill='#9fd8c3' font-size='13'>series ",
                (policyId >> 32).toString(),
                " \xC2\xB7 policy ",
                uint256(uint32(policyId)).toString(),
                "</text>"
            );
    }

    function _line(uint256 y, string memory label, string memory value) private pure returns (string memory) {
        return
            string.concat(
                "<text x='24' y='",
                y.toString(),
                "' fill='#9fd8c3' font-size='13'>",
                label,
                "</text><text x='110' y='",
                y.toString(),
                "' fill='#fff' font-size='16'>",
                value,
                "</text>"
            );
    }

    function _state(SeriesAccount calldata account, bool settled) private pure returns (string memory) {
        if (account.state == SeriesState.None) return "settled";
        if (account.state == SeriesState.Open) return "open";
        if (account.state == SeriesState.Refunding) return settled ? "premium refunded" : "premium goes back";
        return
            string.concat(
                settled ? "paid " : "pays ",
                uint256(account.payoutBps / 100).toString(),
                ".",
                _two(account.payoutBps % 100),
                " %"
            );
    }

    function _span(Series memory series) private pure returns (string memory) {
        if (series.terms.index.tiers != 0) return "in tiers";
        return
            string.concat(
                "index from ",
                int256(series.terms.index.attachment).toString(),
                " to ",
                int256(series.terms.index.exit).toString()
            );
    }

    /// @dev Two digits of the currency, the rest cut off.
    function _money(Series memory series, uint256 units) private view returns (string memory) {
        IERC20Metadata asset = IERC20Metadata(IERC4626(address(series.terms.pool)).asset());
        uint256 whole = 10 ** asset.decimals();
        uint256 amount = units * series.unit;
        return
            string.concat(
                (amount / whole).toString(),
                ".",
                _two(((amount % whole) * 100) / whole),
                " ",
                asset.symbol()
            );
    }

    function _date(uint256 time) private pure returns (string memory) {
        (uint256 year, uint256 month, uint256 day) = DateTimeLib.timestampToDate(time);
        return string.concat(year.toString(), "-", _two(month), "-", _two(day));
    }

    function _two(uint256 value) private pure returns (string memory) {
        return value < 10 ? string.concat("0", value.toString()) : value.toString();
    }
}
